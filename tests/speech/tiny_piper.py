"""A Piper voice of some kilobytes: a real ONNX graph that gives noise for as long as it says, and its configuration."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("piper", reason="Piper is installed by whoever wants it")
onnx: Any = pytest.importorskip("onnx")

RATE = 16_000


def weights(folder: Path, name: str = "piper-de-thorsten", *, voice: str = "de") -> dict[str, Path]:
    """The folder of one voice, as it is fetched."""
    from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP

    place = folder / name
    place.mkdir(parents=True)
    onnx.save(graph(), str(place / "voice.onnx"))
    config = {
        "num_symbols": 256,
        "num_speakers": 1,
        "audio": {"sample_rate": RATE},
        "espeak": {"voice": voice},
        "phoneme_id_map": DEFAULT_PHONEME_ID_MAP,
        "phoneme_type": "espeak",
    }
    (place / "voice.onnx.json").write_text(json.dumps(config))
    return {name: place}


def graph() -> Any:
    """Two to five frames of 256 samples for each sign, by its number, and noise of that length."""
    from onnx import TensorProto, helper

    def constant(name: str, kind: int, shape: list[int], *values: float) -> Any:
        return helper.make_tensor(name, kind, shape, values)

    nodes = [
        helper.make_node("Cast", ["input"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["numbers", "slope"], ["sloped"]),
        helper.make_node("Add", ["sloped", "least"], ["lengths"]),
        helper.make_node("Ceil", ["lengths"], ["w_ceil"]),
        helper.make_node("ReduceSum", ["w_ceil", "axes"], ["frames"], keepdims=0),
        helper.make_node("Mul", ["frames", "hop"], ["samples"]),
        helper.make_node("Cast", ["samples"], ["length"], to=TensorProto.INT64),
        helper.make_node("Concat", ["one", "one", "length"], ["shape"], axis=0),
        helper.make_node("ConstantOfShape", ["shape"], ["silence"]),
        helper.make_node("RandomNormalLike", ["silence"], ["noise"], scale=0.1),
        helper.make_node("Identity", ["noise"], ["output"]),
    ]
    given = [
        helper.make_tensor_value_info("input", TensorProto.INT64, [1, "signs"]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
    ]
    made = [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, "samples"])]
    known = [
        constant("slope", TensorProto.FLOAT, [1], 0.02),
        constant("least", TensorProto.FLOAT, [1], 2.0),
        constant("hop", TensorProto.FLOAT, [1], 256.0),
        constant("axes", TensorProto.INT64, [1], 1),
        constant("one", TensorProto.INT64, [1], 1),
    ]
    whole = helper.make_graph(nodes, "voice", given, made, known)
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
