"""A graph and a contract become a draft, which is rehearsed with speech."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("torch")

from tests.port import tiny_recognisers as tiny  # noqa: E402

from tingshuo.config.graph_recogniser import GraphRecogniserConfig  # noqa: E402
from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.bundling import write_draft  # noqa: E402
from tingshuo.port.convert import graph_recogniser  # noqa: E402
from tingshuo.port.convert.graph_recogniser import graph_recogniser_draft, hear_sentence  # noqa: E402
from tingshuo.port.draft import Draft  # noqa: E402
from tingshuo.tasks.recognise.hearing import heard, open_recogniser  # noqa: E402

pytestmark = pytest.mark.train
CONTRACT: dict[str, Any] = {
    "output": "ctc", "inputs": {"features": "x"}, "outputs": {"scores": "logits"}, "units": "tokens.txt", "blank": "<s>",
    "features": {"samples_hz": 16000, "normalize": "utterance"}, "subsampling": 320, "scores": "logits",
}  # fmt: skip


def made(folder: Path, **changes: Any) -> Draft:
    tiny.write(folder, "omnilingual")
    model = onnx.load(folder / "model.onnx")
    return graph_recogniser_draft({"model": model}, CONTRACT | changes, name="mine", source="the graph model.onnx", folder=folder)


def test_a_contract_by_hand_becomes_a_bundle_that_hears(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/README.md").write_text("---\nlicense: mit\n---\n")
    draft = made(tmp_path / "model")
    assert (draft.name, draft.task, draft.system, draft.licence) == ("mine", "asr", "onnx", "MIT")
    assert draft.languages == ("zh-CN", "en")
    assert made(tmp_path / "model", languages=["zh-CN"], licence="CC0-1.0").licence == "CC0-1.0"
    proof = write_draft(draft, tmp_path / "bundle")
    assert proof.errors["recogniser"]["logits"] < -100
    recogniser = open_recogniser(tmp_path / "bundle")
    told = heard(recogniser, recogniser.hear(tiny.sound(0))[0])
    assert len(told.text) > 10
    starts = [unit.start_s for unit in told.units if unit.start_s is not None]
    assert starts == sorted(starts)
    assert 1.0 < starts[-1] < 1.5


def test_one_graph_is_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="m: a recogniser of this kind is one graph, and these are 2: a, b"):
        graph_recogniser_draft(dict.fromkeys("ab", onnx.ModelProto()), CONTRACT, name="m", source="m", folder=tmp_path)
    with pytest.raises(PortError, match="the contract of m: "):
        graph_recogniser_draft({"a": onnx.ModelProto()}, {}, name="m", source="m", folder=tmp_path)


def test_what_is_not_known_of_times_and_choices_is_said(tmp_path: Path) -> None:
    folder = tiny.write_funasr(tmp_path, tiny.paraformer(timed=False), tiny.WORDS)
    said = {
        "output": "paraformer", "inputs": {"features": "speech", "lengths": "speech_lengths"}, "outputs": {"scores": "logits"},
        "features": {"fbank": {}, "stack": 7, "stride": 6}, "units": "tokens.json",
    }  # fmt: skip
    notes = graph_recogniser_draft({"m": tiny.paraformer(timed=False)}, said, name="m", source="m", folder=folder).notes
    assert "its graph does not tell where tokens begin, so its texts have no times" in notes


class Answers:
    """A graph that answers so many frames of so many units to so many samples."""

    def __init__(self, units: int, samples_to_one: int) -> None:
        self.units, self.samples_to_one, self.heard = units, samples_to_one, []

    def run(self, inputs: Any) -> Any:
        (x,) = inputs.values()
        self.heard.append(x.shape[-1])
        return {"logits": np.zeros((1, x.shape[-1] // self.samples_to_one, self.units), np.float32)}


def test_a_rehearsal_hears_two_lengths_and_checks_the_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_recogniser, "load", tiny.Voice)
    config = made(tmp_path).config
    assert isinstance(config, GraphRecogniserConfig)
    graph = Answers(len(tiny.RAW), 320)
    hear_sentence(config, {}, {"recogniser": graph})
    first, second = graph.heard
    assert first == len(tiny.sound(0))
    assert abs(first - 2 * second) <= 1
    with pytest.raises(PortError, match=r"'logits' has shape \(1, \d+, 9\), and \(1, frames, 26\) is wanted: one row for each"):
        hear_sentence(config, {}, {"recogniser": Answers(9, 320)})
    for wrong in (160, 640):
        with pytest.raises(PortError, match="which is not the subsampling by 320 that its contract says"):
            hear_sentence(config, {}, {"recogniser": Answers(len(tiny.RAW), wrong)})
