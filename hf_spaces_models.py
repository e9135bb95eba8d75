"""The catalogue of weights: where each model comes from, at which revision, which bytes, under which licence.

Pure data: knows neither the disk nor the network nor who uses a model.
"""

from avatar.plan import WeightFile, Weights

CATALOGUE = {
    row.id: row
    for row in (
        Weights(
            id="face-landmarker",
            source="https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1",
            revision="float16/1",
            files=(
                WeightFile(
                    path="face_landmarker.task",
                    size=3_758_596,
                    sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
                ),
            ),
            licence="Apache-2.0",
            commercial=True,
        ),
    )
}
