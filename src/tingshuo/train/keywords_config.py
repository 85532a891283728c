"""Settings of the training of a net that tells a few words apart: strict, every key has a default."""

from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import yaml
from msgspec import Meta

from tingshuo.config import StrictModel
from tingshuo.config.fbank import FbankConfig
from tingshuo.config.keywords import EARS
from tingshuo.data.words import DEV_SHARE
from tingshuo.models.keywords.config import KeywordsConfig
from tingshuo.train.config import FREE_TO_CHANGE, BundleConfig, flatten, merge, one_setting, read_yaml
from tingshuo.train.loop_config import Count, LoopConfig, Share, Weight

PRESET = "keywords"


class DisguiseConfig(StrictModel, frozen=True, kw_only=True):
    """How far clips are changed before the net hears them, each time anew; 0 leaves them as they are."""

    tempo: Annotated[float, Meta(ge=0, le=0.5)] = 0.2
    """Largest logarithm of the change of tempo, up and down."""
    tract_bands: Weight = 3.0
    """Bands by which the upper end of a spectrum is moved at most, up and down: as by another length of the vocal tract."""
    colour_nepers: Weight = 0.7
    """Deviation of a smooth curve that is added to all frames, as by another microphone."""
    rooms: Share = 0.5
    """Share of the clips that get the echo of a room."""
    decay_s: tuple[float, float] = (0.15, 0.8)
    """Least and largest time in which the echo falls by 60 dB."""
    echo_db: tuple[float, float] = (-16.0, 0.0)
    """Least and largest level of the echo of a steady sound, relative to the sound."""
    noisy: Share = 0.75
    """Share of the clips that get noise: stationary, or sound that is none of the words where there is some."""
    snr_db: tuple[float, float] = (2.0, 35.0)
    """Least and largest level of a clip above its noise."""
    gated: Share = 0.15
    """Share of the clips whose silence is deeper than it was, down to none at all."""
    band_masks: Count = 2
    """Stretches of bands that are hidden."""
    band_mask: Count = 6
    """Bands of the widest."""
    time_masks: Count = 2
    """Stretches of frames that are hidden; short ones, as words may differ in one sound."""
    time_mask: Count = 9
    """Frames of the longest."""


class KeywordsTraining(StrictModel, frozen=True, kw_only=True):
    """Everything that decides what a training makes of its clips."""

    fbank: FbankConfig = EARS
    net: KeywordsConfig = KeywordsConfig()
    """Sizes; how many words and bands there are follows from the rest."""
    disguise: DisguiseConfig = DisguiseConfig()
    loop: LoopConfig = LoopConfig(
        steps=4000, rate=3e-3, warm_up=200, weight_decay=0.03, average=0.998, clip=5.0, evaluate_every=250, checkpoint_every=500
    )
    """``batch_frames`` and ``precision`` are not looked at."""
    batch: Annotated[int, Meta(ge=4)] = 64
    """Clips of a step."""
    nothing: Annotated[float, Meta(ge=0, le=0.5)] = 0.15
    """Share of a batch that is none of the words: pieces of words, words backwards, silence, and what the data has of it."""
    dropout: Annotated[float, Meta(ge=0, lt=0.5)] = 0.1
    smoothing: Annotated[float, Meta(ge=0, lt=0.5)] = 0.1
    """Share of the probability that is to be left for all other words."""
    dev_share: Annotated[float, Meta(ge=0, le=0.5)] = DEV_SHARE
    """Share of the speakers that is held out where the data has no dev split."""
    threshold: Annotated[float, Meta(ge=0, le=1)] = 0.7
    """Probability from which on a word in running sound counts as heard."""
    bundle: BundleConfig = BundleConfig(name="my-words")

    def identity(self) -> dict[str, Any]:
        """Return what a resumed training must share with its beginning: dotted keys to values."""
        flat = flatten(self.fields())
        return {key: value for key, value in flat.items() if not key.startswith((*FREE_TO_CHANGE, "threshold"))}


def read_keywords_config(path: Path | None = None, settings: Iterable[str] = ()) -> KeywordsTraining:
    """Put a config together: the preset, a YAML file, single values ``section.key=value``, in this order.

    Raises
    ------
    ConfigError
        An unknown key or a wrong value.
    """
    text = resources.files("tingshuo.train").joinpath("presets", f"{PRESET}.yaml").read_text("utf-8")
    fields: Mapping[str, Any] = yaml.safe_load(text) or {}
    if path is not None:
        fields = merge(fields, read_yaml(path))
    for setting in settings:
        fields = merge(fields, one_setting(setting))
    source = str(path) if path is not None else f"preset {PRESET}"
    return KeywordsTraining.check(dict(fields), source)
