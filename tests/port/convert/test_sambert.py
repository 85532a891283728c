import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("yaml")

from tests.port.tiny_sambert import random_net, write_voice  # noqa: E402

from tingshuo.config.sambert import SambertBundleConfig  # noqa: E402
from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.convert.sambert import draft  # noqa: E402
from tingshuo.tasks.sambert.model import EMOTION_TABLE, SPEAKER_TABLE  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("in_process")]
Get = Callable[[str], Path]


def test_a_voice_of_a_table(foreign: Get) -> None:
    made = draft(foreign("sambert"))
    config = made.config
    assert isinstance(config, SambertBundleConfig)
    assert (made.name, made.system, made.task, made.source) == (
        "sambert", "sambert", "tts", "the Sambert-HifiGan voice sambert (steps: acoustic 9, vocoder 9)",
    )  # fmt: skip
    assert [one.name for one in config.speakers] == ["F7", "M7"]
    assert (config.family, config.sample_rate, config.frames.hop_length) == ("sambert+kan_hifigan", 16000, 20)
    assert (config.has_mask, config.reads_bytes, config.harmonics) == (True, False, 0)
    assert made.parts["acoustic"].tensors[SPEAKER_TABLE].shape == (5, 3)
    assert made.parts["acoustic"].tensors[EMOTION_TABLE].shape == (36, 2)
    assert {key.partition(".")[0] for key in config.architecture} == {"sambert", "kan_hifigan"}
    assert made.emotions == config.emotions
    assert len(made.notes) == 1  # that nobody knows which emotions it has learnt


def test_a_voice_of_a_vector_has_one_speaker(foreign: Get) -> None:
    made = draft(foreign("sambert_bytes"))
    config = made.config
    assert isinstance(config, SambertBundleConfig)
    assert [one.name for one in config.speakers] == ["sambert_bytes"]
    assert made.parts["acoustic"].tensors[SPEAKER_TABLE].tolist() == [[0, 1, 2]]
    assert (config.has_mask, config.reads_bytes, config.harmonics) == (False, True, 3)
    assert (config.f0_scale_hz, config.f0_offset_hz) == (700, 30)
    assert any("reads the bytes of a text instead of phones" in note for note in made.notes)


def test_one_of_several_voices(foreign: Get, tmp_path: Path) -> None:
    for name in ("anna", "bert"):
        shutil.copytree(foreign("sambert"), tmp_path / "voices" / name)
    (tmp_path / "voices" / "voices.json").write_text(json.dumps({"voices": ["bert", "anna", "gone"]}))
    first = draft(tmp_path)
    assert (first.name, first.notes[0]) == ("bert", "there are 2 voices here; this is bert, the default one")
    chosen = draft(tmp_path, "anna")
    assert chosen.name == "anna"
    assert not [note for note in chosen.notes if "voices here" in note]
    with pytest.raises(PortError, match="has no voice 'cleo'; it has bert, anna"):
        draft(tmp_path, "cleo")


def test_two_voices_are_not_two_halves_of_one(foreign: Get, tmp_path: Path) -> None:
    folder = shutil.copytree(foreign("sambert"), tmp_path / "x")
    shutil.rmtree(folder / "voc")
    with pytest.raises(PortError, match="x: has no vocoder; it lies in voc/ckpt"):
        draft(folder)


def test_a_vocoder_that_lies_alone_is_a_vocoder(foreign: Get, tmp_path: Path) -> None:
    shutil.copytree(foreign("sambert") / "voc", tmp_path / "voices" / "F7" / "voc")
    for path in (tmp_path, tmp_path / "voices/F7/voc", tmp_path / "voices/F7/voc/ckpt/checkpoint_9.pth"):
        made = draft(path)
        assert (made.name, made.task, made.system) == ("F7-voc", "vocoder", "kan_hifigan")
        assert made.notes[-1].startswith("there is no acoustic model here, so this is the vocoder alone")
    with pytest.raises(PortError, match="has no acoustic model"):
        draft(tmp_path, "F7")


def test_the_tiny_voices_are_random() -> None:
    """What the tests compare would be equal in a net of zeros."""
    from tests.port.tiny_bundles import WIDE

    from tingshuo.models.sambert.net import Sambert

    assert all(np.ptp(p.detach().numpy()) > 0 for p in random_net(Sambert, WIDE).parameters() if p.numel() > 1 and p.dim() > 1)
    assert callable(write_voice)
