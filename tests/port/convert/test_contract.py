"""A contract finds the graphs that it tells of, in whatever format, and hands them to whoever makes a bundle of its task."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from tests.port.tiny_graphs import MEL, vocoder_graph

from tingshuo.config import MelConfig
from tingshuo.config.vocoder import VocoderBundleConfig
from tingshuo.errors import ConfigError, PortError
from tingshuo.port.convert import contract, graph_recogniser, graph_vocoder, graph_voice
from tingshuo.port.convert.contract import draft
from tingshuo.port.draft import Draft
from tingshuo.port.importers import tensorflow
from tingshuo.port.importers.tensorflow import Converted

pytestmark = pytest.mark.train
CONFIG = VocoderBundleConfig(family="vocoder+graph", mel=MelConfig(), vocoder_context_frames=0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What those who make bundles are called with."""
    calls: list[Any] = []

    def stand_in(task: str) -> Any:
        def make(models: Any, fields: Any, **more: Any) -> Draft:
            calls.append((task, list(models), dict(fields), more))
            return Draft(name=more["name"], task=task, config=CONFIG, system="x", source="x")

        return make

    monkeypatch.setattr(graph_vocoder, "graph_vocoder_draft", stand_in("vocoder"))
    monkeypatch.setattr(graph_voice, "graph_voice_draft", stand_in("tts"))
    monkeypatch.setattr(graph_recogniser, "graph_recogniser_draft", stand_in("asr"))
    return calls


def told(folder: Path, **keys: Any) -> Path:
    (folder / "contract.json").write_text(json.dumps({"task": "vocoder", **keys}))
    return folder / "contract.json"


def graph(path: Path) -> Path:
    path.write_bytes(vocoder_graph().SerializeToString())
    return path


def test_one_file(asked: list[Any], tmp_path: Path) -> None:
    made = draft(graph(tmp_path / "net.onnx"), told(tmp_path, mel=MEL, licence="CC0-1.0"))
    ((task, models, fields, more),) = asked
    assert (task, models, fields) == ("vocoder", ["vocoder"], {"mel": MEL})
    assert (more["name"], more["licence"], more["source"]) == ("net", "CC0-1.0", "the ONNX graph net.onnx")
    assert made.notes == ()


def test_every_task_gets_its_own(asked: list[Any], tmp_path: Path) -> None:
    path = graph(tmp_path / "net.onnx")
    draft(path, told(tmp_path, task="tts", languages=["de-DE"], tokens="tokens.txt", name="anna"))
    draft(path, told(tmp_path, task="asr", languages=["de-DE"], licence="MIT", units="units.txt"))
    (tts, asr) = asked
    assert (tts[0], tts[1], tts[2]) == ("tts", ["acoustic"], {"tokens": "tokens.txt"})
    assert (tts[3]["name"], tts[3]["languages"], tts[3]["folder"]) == ("anna", ("de-DE",), tmp_path)
    assert (asr[0], asr[1]) == ("asr", ["recogniser"])
    assert asr[2] == {"units": "units.txt", "licence": "MIT", "languages": ["de-DE"]}


def test_several_files(asked: list[Any], tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    graph(tmp_path / "a.onnx")
    graph(tmp_path / "deep/b.onnx")
    contract_file = told(tmp_path, task="tts", graphs={"acoustic": "a.onnx", "vocoder": "deep/b.onnx"})
    for path in (tmp_path, tmp_path / "a.onnx"):
        draft(path, contract_file)
    assert [call[1] for call in asked] == [["acoustic", "vocoder"]] * 2
    assert all(call[3]["folder"] == tmp_path for call in asked)


def test_a_folder_with_one_graph_needs_no_name(asked: list[Any], tmp_path: Path) -> None:
    graph(tmp_path / "a.onnx")
    draft(tmp_path, told(tmp_path))
    graph(tmp_path / "b.onnx")
    with pytest.raises(ConfigError, match=r"such as graphs: \{vocoder: model.onnx\}; there are: a.onnx, b.onnx"):
        draft(tmp_path, told(tmp_path))
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        ({"graphs": {"vocoder": "../net.onnx"}}, ConfigError, "graphs: '../net.onnx' is not a path in the folder of the model"),
        ({"graphs": {"vocoder": "/etc/passwd"}}, ConfigError, "is not a path in the folder"),
        ({"graphs": {"vocoder": "none.onnx"}}, PortError, "none.onnx: is missing, and .*contract.json names it"),
        ({"graphs": {"vocoder": "contract.json"}}, PortError, "is json, and a contract may be of: onnx, torchscript, savedmodel"),
        ({"task": "conversion"}, PortError, "task: conversion by a graph is not supported: .* content encoder"),
    ],
)
def test_what_it_cannot_be_of(keys: dict[str, Any], error: type[Exception], message: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=message):
        draft(graph(tmp_path / "net.onnx"), told(tmp_path, **keys))


def test_other_mistakes(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="there is no such file or folder"):
        draft(tmp_path / "none", told(tmp_path))
    with pytest.raises(PortError, match="leave --voice out"):
        draft(tmp_path / "x", told(tmp_path), "F7")
    (tmp_path / "w.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    with pytest.raises(
        PortError, match=r"is safetensors, and a contract may be of: .*; weights without a net are given with --config"
    ):
        draft(tmp_path / "w.safetensors", told(tmp_path))


def test_torchscript_and_tensorflow_are_made_onnx(asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/data.pkl", b"\x80\x02}.")
        archive.writestr("net/constants.pkl", b"\x80\x02}.")
    with pytest.raises(ConfigError, match=r"calls: does not say how net.pt is called"):
        draft(tmp_path / "net.pt", told(tmp_path))
    calls = {"inputs": [{"name": "mel", "dtype": "float32", "shape": [1, 20, "F"]}], "outputs": ["wav"]}
    monkeypatch.setattr(contract, "to_onnx", lambda file, calls: (vocoder_graph(), -120.0 if calls.outputs == ("wav",) else 0.0))
    made = draft(tmp_path / "net.pt", told(tmp_path, calls=calls))
    assert made.notes == ("made ONNX of the TorchScript net.pt, which makes the same of two examples: -120 dB",)
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved/saved_model.pb").touch()
    signatures = []

    def converted(path: Path, signature: str) -> Converted:
        signatures.append((path.name, signature))
        return Converted(vocoder_graph(), "saved_model", None)

    monkeypatch.setattr(tensorflow, "to_onnx", converted)
    made = draft(tmp_path / "saved", told(tmp_path, signature="infer"))
    assert signatures == [("saved", "infer")]
    assert made.notes == ("made ONNX of saved by TensorFlow, which could not be run on examples to compare them",)
    assert asked[-1][3]["source"] == "the SavedModel saved"
