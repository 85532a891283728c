"""Settings of the training of a neural language model: strict, every key has a default."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from tingshuo.config import StrictModel
from tingshuo.models.language.config import LanguageConfig
from tingshuo.train.config import FREE_TO_CHANGE, BundleConfig, flatten, merge, one_setting, read_yaml
from tingshuo.train.loop_config import LoopConfig


class LanguageModelTraining(StrictModel, frozen=True, kw_only=True):
    """Everything that decides what a training makes of its texts."""

    net: LanguageConfig = LanguageConfig()
    """Kind and sizes; how many units there are follows from the texts."""
    dropout: Annotated[float, Meta(ge=0, lt=0.9)] = 0.4
    fewest: Annotated[int, Meta(ge=1)] = 2
    """Times that a character has to be in the texts to be known; rarer ones teach how likely something unknown is."""
    longest: Annotated[int, Meta(ge=2)] = 60
    """Characters of a sentence; longer ones are cut."""
    dev_share: Annotated[float, Meta(ge=0.001, le=0.5)] = 0.06
    """Share of the sentences that is held out: half of it chooses the checkpoint that is published, the other half judges it."""
    order: Annotated[int, Meta(ge=1, le=6)] = 4
    """Characters of the longest n-grams of the model that it is compared with."""
    loop: LoopConfig = LoopConfig(
        steps=3000, rate=4e-3, warm_up=200, weight_decay=0.05, average=0.99, batch_frames=1500, clip=1.0, evaluate_every=200,
        checkpoint_every=500,
    )  # fmt: skip
    """``batch_frames`` is the number of characters of a batch."""
    bundle: BundleConfig = BundleConfig(name="my-language", consent="Made of texts; nobody's voice.")

    def identity(self) -> dict[str, Any]:
        """Return what a resumed training must share with its beginning: dotted keys to values."""
        return {key: value for key, value in flatten(self.fields()).items() if not key.startswith(FREE_TO_CHANGE)}


def read_language_model_config(path: Path | None = None, settings: Iterable[str] = ()) -> LanguageModelTraining:
    """Put a config together: the defaults, a YAML file, single values ``section.key=value``, in this order.

    Raises
    ------
    ConfigError
        An unknown key or a wrong value.
    """
    fields: Mapping[str, Any] = {} if path is None else read_yaml(path)
    for setting in settings:
        fields = merge(fields, one_setting(setting))
    whole = merge(LanguageModelTraining().fields(), fields)
    return LanguageModelTraining.check(whole, "--set" if path is None else str(path))
