"""The six stages and the pipeline that joins them. Stages know the words, never each other."""
