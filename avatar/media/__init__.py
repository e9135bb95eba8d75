"""Sound and pictures in and out of files. Knows no stage and no face."""
