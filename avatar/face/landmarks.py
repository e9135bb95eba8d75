"""The order of a film's landmarks: which point of (frames, POINTS, 2) is which. Knows neither film nor face.

`right` and `left` are the person's own sides; lines run from the viewer's left to the viewer's right.
"""

UPPER_OUTER = slice(0, 11)
UPPER_INNER = slice(11, 22)
LOWER_INNER = slice(22, 33)
LOWER_OUTER = slice(33, 44)
RIGHT_UPPER_LID = slice(44, 53)
RIGHT_LOWER_LID = slice(53, 62)
LEFT_UPPER_LID = slice(62, 71)
LEFT_LOWER_LID = slice(71, 80)
RIGHT_BROW = slice(80, 85)
LEFT_BROW = slice(85, 90)
JAW = slice(90, 107)
POINTS = 107
