"""Recognisers of every family answer alike."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tingshuo.config.conformer import ConformerBundleConfig
from tingshuo.config.families import CONFIGS
from tingshuo.config.fbank import FbankConfig
from tingshuo.errors import BundleError
from tingshuo.tasks.recognise import hearing
from tingshuo.tasks.recognise.hearing import RECOGNISERS, HeardUnit, heard, open_recogniser
from tingshuo.tasks.recognise.model import Recogniser
from tingshuo.tasks.recognise.search import Hypothesis
from tingshuo.tasks.voices import BUILT_IN

CONFORMER = ConformerBundleConfig(
    family="conformer", fbank=FbankConfig(), units=("<blank>", "你", "\u2581go"), sos=2, eos=2, subsampling=4,
    context_frames=7, architecture={},
)  # fmt: skip


def test_every_family_that_hears_has_a_config_and_a_recogniser():
    assert set(RECOGNISERS) <= set(CONFIGS)
    for family in RECOGNISERS:
        made: Any = RECOGNISERS.load(family)
        assert all(hasattr(made, name) for name in ("sample_rate", "frame_s", "choices", "hear", "text"))


def test_a_text_is_told_unit_by_unit_with_its_times():
    recogniser = Recogniser(CONFORMER, {})
    assert (recogniser.sample_rate, recogniser.frame_s, recogniser.choices) == (16000, pytest.approx(0.04), {})
    told = heard(recogniser, Hypothesis((1, 2), -1.0, (0, 25), (0.9, 0.8)))
    assert (told.text, told.tags) == ("你 go", {})
    assert told.units == (HeardUnit("你", 0.0, 0.9), HeardUnit("go", 1.0, 0.8))
    assert heard(recogniser, Hypothesis((1,), -1.0, (), (0.9,))).units == (HeardUnit("你", None, 0.9),)


def test_a_bundle_that_speaks_does_not_hear(tmp_path: Path):
    with pytest.raises(BundleError, match="is of the task tts and does not hear; asr is wanted"):
        open_recogniser(BUILT_IN / "default")
    with pytest.raises(BundleError):
        open_recogniser(tmp_path)


def test_a_bundle_is_opened_by_its_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("onnx")
    pytest.importorskip("torch")
    from tests.port import tiny_recognisers as tiny

    from tingshuo.errors import RequestError
    from tingshuo.port.bundling import write_draft
    from tingshuo.port.convert import graph_recogniser
    from tingshuo.port.convert.sherpa_asr import draft
    from tingshuo.store.bundle import open_bundle

    monkeypatch.setattr(graph_recogniser, "load", tiny.Voice)
    write_draft(draft(tiny.write(tmp_path / "model", "sense_voice")), tmp_path / "bundle")
    wav = tiny.sound(0)
    recogniser = open_recogniser(tmp_path / "bundle")
    told = heard(recogniser, recogniser.hear(wav, 1)[0])
    assert told.tags["language"] == "zh"
    assert "ja" in recogniser.choices["language"]
    chosen = open_recogniser(open_bundle(tmp_path / "bundle"), chosen={"language": "ja"})
    again = heard(chosen, chosen.hear(wav, 1)[0])
    assert (again.tags["language"], again.text) == ("ja", told.text)
    with pytest.raises(RequestError, match="no language 'fr'"):
        open_recogniser(tmp_path / "bundle", chosen={"language": "fr"})
    write_draft(draft(tiny.write(tmp_path / "other", "zipformer_int8")), tmp_path / "int8")
    assert np.isfinite(open_recogniser(tmp_path / "int8").hear(wav)[0].score)
    with pytest.raises(RequestError, match="leaves nothing to choose, so language cannot be set"):
        open_recogniser(tmp_path / "int8", chosen={"language": "zh"})
    monkeypatch.setattr(hearing, "ON_DEMAND", frozenset(open_bundle(tmp_path / "int8").manifest.graphs))
    waiting: Any = open_recogniser(tmp_path / "int8")
    assert not waiting.graph.is_open
    assert np.isfinite(waiting.hear(wav)[0].score)
    assert waiting.graph.is_open
