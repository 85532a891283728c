"""A file is read once, without its weights, and whatever is wrong with it is told."""

import json
import pickle
import struct
from pathlib import Path

import pytest

from tingshuo.errors import PortError
from tingshuo.port.recognise.seen import Seen, look

VOICE = Path(__file__).parents[3] / "src/tingshuo/voices/default"


def test_safetensors_and_graphs_and_json(tmp_path: Path) -> None:
    weights = look(VOICE / "weights/acoustic.safetensors")
    assert weights.format == "safetensors"
    assert weights.has("phoneme.weight", "decoder.0.depthwise.weight")
    graph = look(VOICE / "graphs/onnx/fp32/decoder.onnx")
    assert graph.onnx is not None
    assert "mel" in " ".join(graph.onnx.outputs)
    (tmp_path / "config.json").write_text(json.dumps({"audio": {"sample_rate": 22050}}))
    assert look(tmp_path / "config.json").keys == {"audio"}


@pytest.mark.train
def test_a_checkpoint(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"model": {"a.weight": torch.zeros(2, 3)}, "steps": 7}, tmp_path / "x.pth")
    seen = look(tmp_path / "x.pth")
    assert dict(seen.tensors) == {"model.a.weight": (2, 3)}
    assert (seen.value["steps"], seen.value["model"]["a.weight"]) == (7, {"shape": [2, 3]})
    assert (seen.shape("a.weight"), seen.shape("weight"), seen.shape("eight")) == ((2, 3), (2, 3), ())
    assert seen.begins("a.")
    assert not seen.begins("eigh")


def test_names_of_tensors() -> None:
    seen = Seen(Path("x"), "", {"model.dec.ups.0.bias": (4,)})
    assert seen.begins("dec.")
    assert seen.begins("model.")
    assert seen.has("ups.0.bias")
    assert not seen.has("ps.0.bias")
    assert seen.keys == frozenset()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (struct.pack("<Q", 30) + b'{"a": {"shape": 1}}           ', "is damaged"),
        (b"cos\nsystem\n(S'x'\ntR.", "would run os.system"),
        (pickle.dumps(Path), "holds whole objects"),
    ],
)
def test_what_is_wrong_is_told(content: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content)
    assert why in look(tmp_path / "x").refused


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="cannot be read"):
        look(tmp_path / "none")
