"""The sync certificate: how good a talking film is, measured on the finished file, decoded. Knows not who made it.

`certificate(film)` works for any talking video where MediaPipe's face landmarker is at hand, and for our own films by
the rig that the film stage writes beside them; even then everything that can be seen in pixels is measured in pixels.
"""

from avatar.quality.certify import certificate
from avatar.quality.figures import Certificate, Figure, from_json, summary, to_json
from avatar.quality.recognition import Recognised, Recogniser
from avatar.quality.rig import Rig, read_rig, write_rig

__all__ = [
    "Certificate", "Figure", "Recognised", "Recogniser", "Rig", "certificate", "from_json", "read_rig", "summary",
    "to_json", "write_rig",
]  # fmt: skip
