"""Settings of the training of a net that tells a few words apart: strict, every key has a default."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from tingshuo.config import StrictModel
from tingshuo.config.fbank import FbankConfig
from tingshuo.config.keywords import EARS
from tingshuo.data.words import DEV_SHARE
from tingshuo.models.keywords.config import KeywordsConfig
from tingshuo.train.config import FREE_TO_CHANGE, BundleConfig, flatten, from_preset
from tingshuo.train.disguise_config import DisguiseConfig
from tingshuo.train.loop_config import LoopConfig

PRESET = "keywords"


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
    fields, source = from_preset(PRESET, path, settings)
    return KeywordsTraining.check(fields, source)
