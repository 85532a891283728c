"""Settings of the training of a classic recogniser: strict, every key has a default."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from tingshuo.config import MelConfig, StrictModel
from tingshuo.config.dnn import BeamConfig
from tingshuo.config.mfcc import MfccConfig
from tingshuo.data.split import DEV_SHARE
from tingshuo.models.dnn.config import DnnConfig
from tingshuo.models.hmm.config import HmmConfig
from tingshuo.train.config import FREE_TO_CHANGE, BundleConfig, flatten, from_preset
from tingshuo.train.loop_config import LoopConfig, Positive
from tingshuo.train.recogniser_config import LanguageConfig

PRESET = "hybrid"
EARS = MfccConfig(
    mel=MelConfig(sample_rate=16000, n_fft=1024, hop_length=160, win_length=512, n_mels=80, fmin=20.0, fmax=7600.0, floor=1e-3),
    n_coefficients=60,
    orders=0,
)
"""As many coefficients as show the harmonics of a low voice: tones lie in them; 13 are enough for phones, and blur them."""


class HybridTraining(StrictModel, frozen=True, kw_only=True):
    """Everything that decides what a training makes of its recordings."""

    mfcc: MfccConfig = EARS
    """What the net hears. It needs no differences over time, as it sees the frames around each."""
    offsets: Annotated[tuple[int, ...], Meta(min_length=1)] = (-10, -7, -5, -3, -1, 0, 1, 3, 5, 7, 10)
    """The frames that it sees with each."""
    hmm: HmmConfig = HmmConfig()
    """The models that find the first alignment. They hear the first ``hmm.mfcc.n_coefficients`` of the same coefficients, with
    differences; ``hmm.mfcc.mel`` is not looked at."""
    net: DnnConfig = DnnConfig()
    """Sizes; how many inputs and states there are follows from the rest."""
    dropout: Annotated[float, Meta(ge=0, lt=0.5)] = 0.1
    realign: bool = True
    """Whether the net, once it is taught, finds another alignment and learns from that as long again."""
    loop: LoopConfig = LoopConfig(
        steps=12000, rate=1e-3, warm_up=300, weight_decay=0.01, average=0.999, batch_frames=1024, clip=5.0, evaluate_every=1000,
        checkpoint_every=1000,
    )  # fmt: skip
    """Of each alignment."""
    longest_s: Annotated[float, Meta(gt=1)] = 16.0
    """Longer clips are left out."""
    dev_share: Annotated[float, Meta(ge=0, le=0.5)] = DEV_SHARE
    """Share of the texts that is held out where the data has no dev split."""
    judged: Positive = 100
    """Clips of the held out that the finished recogniser hears."""
    beam: BeamConfig = BeamConfig()
    language: LanguageConfig = LanguageConfig(weight=1.0, bonus=2.0)
    bundle: BundleConfig = BundleConfig(name="my-classic")

    def identity(self) -> dict[str, Any]:
        """Return what a resumed training must share with its beginning: dotted keys to values."""
        flat = flatten(self.fields())
        free = (*FREE_TO_CHANGE, "language.", "beam.", "judged", "realign")
        return {key: value for key, value in flat.items() if not key.startswith(free)}


def read_hybrid_config(path: Path | None = None, settings: Iterable[str] = ()) -> HybridTraining:
    """Put a config together: the preset, a YAML file, single values ``section.key=value``, in this order.

    Raises
    ------
    ConfigError
        An unknown key or a wrong value.
    """
    fields, source = from_preset(PRESET, path, settings)
    return HybridTraining.check(fields, source)
