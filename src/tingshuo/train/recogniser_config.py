"""Settings of the training of a recogniser of Mandarin: strict, every key has a default."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from tingshuo.config import StrictModel
from tingshuo.config.fbank import FbankConfig
from tingshuo.data.split import DEV_SHARE
from tingshuo.errors import ConfigError
from tingshuo.models.conformer.config import ConformerConfig
from tingshuo.train.config import FREE_TO_CHANGE, BundleConfig, flatten, from_preset
from tingshuo.train.disguise_config import DisguiseConfig
from tingshuo.train.loop_config import LoopConfig, Positive, Share

PRESETS = ("listener", "digits")
Kind = Literal["syllables", "characters"]


class LanguageConfig(StrictModel, frozen=True, kw_only=True):
    """The words that are written for syllables, and how likely they are."""

    texts: tuple[str, ...] = ()
    """Files of text beside the transcripts, a sentence or more a line; of a table (``.tsv``) the last column."""
    closed: bool = False
    """Whether the words of the transcripts are all that there are, as with digits and commands. Then the same texts may teach and
    judge, and people are held out instead of texts."""
    order: Annotated[int, Meta(ge=1, le=5)] = 3
    """Words of the longest n-grams."""
    weight: float = 0.5
    """Share of the log probability of words beside what was heard."""
    bonus: float = 1.0
    """Added for each syllable."""


class RecogniserTraining(StrictModel, frozen=True, kw_only=True):
    """Everything that decides what a training makes of its recordings."""

    units: Kind = "syllables"
    """What the net hears: syllables with tones, which are then spelled, or characters."""
    unheard: bool = True
    """Whether the syllables of the lexicon that no clip has are units too, told by their parts."""
    fbank: FbankConfig = FbankConfig()
    net: ConformerConfig = ConformerConfig(
        units=2, subsampling=6, stem=64, dim=192, layers=10, hidden=768, kernel=11, dynamic_chunk=True, decoder_layers=0,
        reverse_layers=0,
    )  # fmt: skip
    """Sizes; how many units and bands there are follows from the rest."""
    dropout: Annotated[float, Meta(ge=0, lt=0.5)] = 0.1
    phones_weight: Share = 0.3
    """Share of the loss that is what a block half way up says of phones."""
    whole: Share = 0.5
    """Share of the batches that are heard whole; the others in chunks, as when somebody is still speaking."""
    chunks: tuple[Positive, Positive] = (4, 25)
    """Least and largest frames of those."""
    disguise: DisguiseConfig = DisguiseConfig(
        tempo=0.16, tract_bands=4.0, rooms=0.3, decay_s=(0.15, 0.6), noisy=0.4, snr_db=(5.0, 30.0), gated=0.0, band_masks=2,
        band_mask=18, time_masks=4, time_mask=25,
    )  # fmt: skip
    loop: LoopConfig = LoopConfig(
        steps=40000, rate=1.2e-3, warm_up=600, average=0.999, batch_frames=8000, clip=5.0, evaluate_every=500,
        checkpoint_every=500,
    )  # fmt: skip
    longest_s: Annotated[float, Meta(gt=1)] = 16.0
    """Longer clips are left out."""
    shares: Mapping[str, Share] = {}
    """Corpus (`Utterance.source` begins so) to the share of its clips that an epoch has; 1 where nothing is said."""
    dev_share: Annotated[float, Meta(ge=0, le=0.5)] = DEV_SHARE
    """Share of the texts that is held out where the data has no dev split; of the people where the language is closed."""
    judged: Positive = 200
    """Clips of the held out that an evaluation hears."""
    language: LanguageConfig = LanguageConfig()
    bundle: BundleConfig = BundleConfig(name="my-listener")

    def identity(self) -> dict[str, Any]:
        """Return what a resumed training must share with its beginning: dotted keys to values."""
        flat = flatten(self.fields())
        return {key: value for key, value in flat.items() if not key.startswith((*FREE_TO_CHANGE, "language.", "judged"))}


def read_recogniser_config(
    preset: str = "listener", path: Path | None = None, settings: Iterable[str] = ()
) -> RecogniserTraining:
    """Put a config together: a preset, a YAML file, single values ``section.key=value``, in this order.

    Raises
    ------
    ConfigError
        An unknown preset or key, or a wrong value.
    """
    if preset not in PRESETS:
        raise ConfigError(f"unknown preset {preset!r}; accepted: {', '.join(PRESETS)}")
    fields, source = from_preset(preset, path, settings)
    return RecogniserTraining.check(fields, source)
