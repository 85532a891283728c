"""Recognisers of sherpa-onnx hear the same as there: `tests/port/make_sherpa_golden.py` asked it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("torch")

from tests.port import tiny_recognisers as tiny

from tingshuo.errors import PortError
from tingshuo.port.bundling import write_draft
from tingshuo.port.convert import graph_recogniser
from tingshuo.port.convert.sherpa_asr import draft
from tingshuo.port.draft import Draft
from tingshuo.port.given import open_original
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.graph_recogniser.model import GraphRecogniser
from tingshuo.tasks.recognise.hearing import heard, open_recogniser

pytestmark = pytest.mark.train
GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[1] / "importers/sherpa_asr_golden.json").read_text("utf-8"))["models"]
CHOSEN = {"sense_voice_en": {"language": "en", "text_norm": "withitn"}}


@pytest.fixture
def quick_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a rehearsal hears is no speech, which takes its time."""
    monkeypatch.setattr(graph_recogniser, "load", tiny.Voice)


def recogniser_of(made: Draft, chosen: dict[str, str] | None = None) -> GraphRecogniser:
    graphs = {name: open_original(given, name) for name, given in made.graphs.items()}
    return GraphRecogniser(made.config, graphs, chosen)  # type: ignore[arg-type]


def begins(best: np.ndarray, frames: tuple[int, ...]) -> list[int]:
    """Frames at which the runs of the best units begin that these frames are of."""
    return [int(np.flatnonzero(np.append(True, best[1 : frame + 1] != best[:frame]))[-1]) for frame in frames]


@pytest.mark.parametrize("label", GOLDEN)
def test_texts_units_and_times_are_those_of_sherpa_onnx(label: str, tmp_path: Path) -> None:
    made = draft(tiny.write(tmp_path / "model", GOLDEN[label]["kind"]))
    recogniser = recogniser_of(made, CHOSEN.get(label))
    config = recogniser.settings
    for row in GOLDEN[label]["heard"]:
        wav = tiny.sound(row["seed"])
        best = recogniser.hear(wav, 1)[0]
        told = heard(recogniser, best)
        assert told.text == row["text"].strip()
        if config.tokenizer == "bpe":
            assert [unit.text for unit in told.units] == [token.strip() for token in row["tokens"]]
        else:
            assert [config.units[unit] for unit in best.units] == row["tokens"]
        if "lang" in row:
            marks = {
                name: f"<|{told.tags[tag]}|>" for name, tag in (("lang", "language"), ("emotion", "emotion"), ("event", "event"))
            }
            assert marks == {name: row[name] for name in marks}
        frames: Any = best.frames
        if config.output == "ctc":
            scores = recogniser.outputs(recogniser.features(wav))[config.outputs.scores][0, len(config.tags) :]
            frames = begins(scores.argmax(1), best.frames)
        starts = [frame * recogniser.frame_s for frame in frames]
        assert starts == pytest.approx(row["times"][: len(starts)], abs=1e-3)
        assert len(row["times"]) in (len(starts), 0 if config.output == "paraformer" else len(row["times"]))


@pytest.mark.parametrize("kind", ["paraformer", "zipformer_int8"])
def test_a_bundle_hears_as_the_graph_that_it_was_made_of(kind: str, tmp_path: Path, quick_voice: None) -> None:
    made = draft(tiny.write(tmp_path / "model", kind))
    proof = write_draft(made, tmp_path / "bundle")
    assert all(error < -60 for error in proof.errors["recogniser"].values())
    bundle = open_bundle(tmp_path / "bundle", verify=True)
    assert bundle.manifest.task == "asr"
    assert [one.precision for one in bundle.manifest.graphs["recogniser"].variants] == [
        "int8" if kind.endswith("int8") else "fp32"
    ]
    ours, theirs = open_recogniser(bundle), recogniser_of(made)
    for seed in (0, 1):
        wav = tiny.sound(seed)
        assert ours.hear(wav)[0].units == theirs.hear(wav)[0].units


@pytest.mark.parametrize("kind", ["paraformer", "sense_voice"])
def test_a_folder_of_funasr_hears_as_its_twin_of_sherpa_onnx(kind: str, tmp_path: Path) -> None:
    senses = kind == "sense_voice"
    graph = tiny.sense_voice(funasr=True) if senses else tiny.paraformer(said={})
    funasr = draft(tiny.write_funasr(tmp_path / "funasr", graph, tiny.SENSES if senses else tiny.WORDS))
    sherpa = draft(tiny.write(tmp_path / "sherpa", kind))
    wav = tiny.sound(1)
    one, other = (recogniser_of(made).hear(wav, 4)[0] for made in (funasr, sherpa))
    assert (one.units, one.frames) == (other.units, other.frames)
    what = "a SenseVoice" if senses else "a Paraformer"
    assert (funasr.name, funasr.system, funasr.source) == ("funasr", "sherpa-asr", f"{what} of FunASR, model.onnx")


def test_a_recogniser_has_no_voices(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="is a recogniser of speech and has no voices"):
        draft(tmp_path, "F7")
