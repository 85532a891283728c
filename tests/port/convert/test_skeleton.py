"""A contract to fill in says what the model shows by itself, and is refused as long as it is not filled in."""

import inspect
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("torch")
pytest.importorskip("onnx")

from tests.port.tiny_graphs import vocoder_graph

from tingshuo.errors import ConfigError, PortError, RequestError
from tingshuo.port.convert import skeleton as module
from tingshuo.port.convert.converters import BLANKS, DESCRIBED
from tingshuo.port.convert.skeleton import SKELETONS, skeleton
from tingshuo.port.importers.contract import UNFILLED, read_contract
from tingshuo.port.importers.graph_voice_contract import VoiceContract
from tingshuo.port.importers.tensorflow import Converted
from tingshuo.types import GraphSpec

pytestmark = pytest.mark.train


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    (tmp_path / "net.onnx").write_bytes(vocoder_graph().SerializeToString())
    return tmp_path / "net.onnx"


def test_it_shows_what_goes_in_and_out_and_is_nearly_whole(graph: Path, tmp_path: Path) -> None:
    text = skeleton(graph)
    assert "# net.onnx: inputs spec float32 [1, 20, F]; outputs audio float32 [1, 1, T]" in text
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"FILL_IN still stands at mel.like, mel.sample_rate"):
        read_contract(tmp_path / "c.yaml")
    (tmp_path / "c.yaml").write_text(text.replace("like: FILL_IN", "like: vocos").replace(UNFILLED, "80"))
    read = read_contract(tmp_path / "c.yaml")
    assert read.task == "vocoder"
    assert (read.fields["inputs"], read.fields["outputs"]) == ({"mel": "spec"}, {"wav": "audio"})


@pytest.mark.parametrize("task", SKELETONS)
def test_every_task_has_one_that_is_yaml(task: str, graph: Path) -> None:
    assert yaml.safe_load(skeleton(graph, task))["task"] == task


@pytest.mark.parametrize(("task", "first"), [("asr", "inputs.features"), ("tts", "sample_rate"), ("vocoder", "inputs.mel")])
def test_one_that_is_not_filled_in_is_refused_by_the_name_of_what_comes_first(task: str, first: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f"task: {task}\n{SKELETONS[task]}")
    with pytest.raises(ConfigError, match=rf"c\.yaml: FILL_IN still stands at {first}, .*; say what it is$"):
        read_contract(tmp_path / "c.yaml")


def test_what_may_be_left_out_of_a_voice_has_the_keys_of_its_contract() -> None:
    whole = yaml.safe_load(re.sub(r"(?m)^( *)# ?", r"\1", SKELETONS["tts"]))
    whole |= {"sample_rate": 22050, "text": whole["text"] | {"kind": "pinyin"}}
    said = VoiceContract.check(whole, "c.yaml")
    assert (said.inputs.length, said.outputs.durations, said.text.blank, said.speakers) == (UNFILLED, UNFILLED, "_", 1)
    assert said.vocoder is not None
    told = yaml.safe_load(SKELETONS["tts"])
    assert list(told) == ["sample_rate", "inputs", "outputs", "text"]
    VoiceContract.check(told | {"sample_rate": 22050, "text": told["text"] | {"kind": "lexicon"}}, "c.yaml")


def test_what_describes_a_model_has_a_blank_and_a_reader() -> None:
    assert list(DESCRIBED) == list(BLANKS) == ["config", "contract"]
    assert [list(inspect.signature(DESCRIBED.load(name)).parameters) for name in DESCRIBED] == [
        ["path", "config", "voice"],
        ["path", "contract", "voice"],
    ]
    assert [list(inspect.signature(BLANKS.load(name)).parameters) for name in BLANKS] == [["family"], ["path", "task"]]


def test_archives_and_folders(graph: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(graph, "net.onnx")
        archive.write(graph, "voc.onnx")
    assert "graphs: {vocoder: net.onnx, FILL_IN: voc.onnx}" in skeleton(tmp_path / "x.zip")
    assert "# net.onnx: inputs spec" in skeleton(tmp_path)


def test_torchscript_shows_its_arguments(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/data.pkl", b"\x80\x02c__torch__.models\nNet\n)\x81.")
        archive.writestr("net/constants.pkl", b"\x80\x02}.")
        forward = "  def forward(self: __torch__.models.Net,\n    mel: Tensor,\n    f0: Tensor) -> Tensor:\n    return mel\n"
        program = f"class Net(Module):\n{forward}"
        archive.writestr("net/code/__torch__/models.py", program)
    calls = yaml.safe_load(skeleton(tmp_path / "net.pt"))["calls"]
    assert [one["name"] for one in calls["inputs"]] == ["mel", "f0"]
    assert calls["outputs"] == [UNFILLED]


def test_tensorflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.tflite").write_bytes(b"\x1c\0\0\0TFL3")
    monkeypatch.setattr(module.tensorflow, "to_onnx", lambda file: Converted(vocoder_graph(mel="melody"), "tflite", None))
    assert "# a.tflite: inputs melody float32 [1, 20, F]" in skeleton(tmp_path / "a.tflite")


@pytest.mark.parametrize(
    ("inputs", "outputs", "task"),
    [
        ({"x": ("int64", (1, "N")), "scales": ("float32", (3,))}, {"audio": ("float32", (1, 1, "T"))}, "tts"),
        ({"x": ("float32", (1, "T", 80)), "x_lens": ("int64", (1,))}, {"log_probs": ("float32", (1, "T", 50))}, "asr"),
        ({"speech": ("float32", (1, "T"))}, {"y": ("float32", (1, "T", 4000))}, "asr"),
        ({"mel": ("float32", (1, 80, "F"))}, {"y": ("float32", (1, "T"))}, "vocoder"),
    ],
)
def test_what_it_looks_like(inputs: Any, outputs: Any, task: str) -> None:
    assert module._guess([GraphSpec(inputs, outputs)]) == task


def test_what_it_cannot_be_of(tmp_path: Path, graph: Path) -> None:
    (tmp_path / "x").write_text("hello")
    with pytest.raises(PortError, match="is text, and a contract may be of: onnx, torchscript"):
        skeleton(tmp_path / "x")
    with pytest.raises(PortError, match="there is no such file"):
        skeleton(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(PortError, match="holds no model that a contract may be of"):
        skeleton(tmp_path / "empty")
    with pytest.raises(RequestError, match="unknown task 'sing' of a contract; accepted: asr, tts, vocoder"):
        skeleton(graph, "sing")
