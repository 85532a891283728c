"""Nothing of a mel is guessed: whoever declares a vocoder says it, or whose program it is that of."""

from typing import Any

import pytest
import yaml

from tingshuo.audio.mel import HIFIGAN
from tingshuo.config import MelConfig
from tingshuo.errors import ConfigError
from tingshuo.port.importers.contract import UNFILLED, check
from tingshuo.port.importers.vocoder_contract import KINDS, SKELETON, VocoderContract

SIZES = {"sample_rate": 22050, "n_fft": 1024, "hop_length": 256, "win_length": 1024, "n_mels": 80, "fmin": 0, "fmax": 8000}


def mel(**told: Any) -> MelConfig:
    return check(VocoderContract, {"mel": {**SIZES, **told}}, "c").mel.config("c")


def test_whose_program_it_is_says_the_rest() -> None:
    assert mel(like="hifigan") == MelConfig(**SIZES, **HIFIGAN)
    assert mel(like="vocos") == MelConfig(**SIZES)
    assert mel(like="hifigan", floor=1e-10).floor == 1e-10


def test_everything_may_be_told() -> None:
    told = {"floor": 1e-10, "scale": "slaney", "norm": "none", "framing": "center", "levels_db": [-80, 20]}
    assert mel(**told) == MelConfig(**SIZES, floor=1e-10, scale="slaney", levels_db=(-80, 20))


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({}, "mel: does not say floor, scale, norm, framing; say it, or like: hifigan"),
        ({"floor": 1e-5, "scale": "htk"}, "mel: does not say norm, framing"),
        ({"like": "tacotron"}, "mel.like: 'tacotron' is none of them; accepted: hifigan, vocos"),
        ({"like": "vocos", "hop": 3}, "mel: there is no key 'hop'; accepted: sample_rate, n_fft"),
        ({"like": "vocos", "hop_length": 2000}, "mel: no mel can be computed so"),
        ({"like": "vocos", "fmax": 12000}, "mel: no mel can be computed so"),
        ({"like": "vocos", "floor": 0.0}, "mel: no mel can be computed so"),
        ({"like": "vocos", "sample_rate": 10}, "mel.sample_rate: Expected `int` >= 4000"),
    ],
)
def test_what_is_left_open_or_cannot_be(told: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        mel(**told)


def test_the_skeleton_has_every_key() -> None:
    commented = [line.removeprefix("# ") for line in SKELETON.splitlines()]
    keys = yaml.safe_load("\n".join(commented))
    assert keys.keys() == set(VocoderContract.__struct_fields__)
    filled = yaml.safe_load(SKELETON)
    assert list(filled["mel"].values()) == [UNFILLED] * 8
    assert {"wav"} in KINDS
