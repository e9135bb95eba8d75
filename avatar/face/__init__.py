"""The science of animating a face, in plain numpy. Knows no stage, no file and no library of pictures."""
