"""config.json of a recogniser of the family ``dnn``: a net that tells states of phones, and a search over syllables."""

from typing import Annotated, ClassVar

from msgspec import Meta

from tingshuo.config.conformer import SpellingConfig
from tingshuo.config.family import FamilyConfig, Size
from tingshuo.config.mfcc import MfccConfig
from tingshuo.config.strict import StrictModel

SILENCE = "sil"
"""The phone of what is no speech; it is the first."""


class BeamConfig(StrictModel, frozen=True, kw_only=True):
    """How the search weighs and prunes; scores are natural logarithms."""

    scale: Annotated[float, Meta(gt=0)] = 0.3
    """Factor on what the net says of a frame. Neighbouring frames say the same again, so a sum of them is far too sure."""
    ends: Annotated[float, Meta(gt=0)] = 14.0
    """How far below the best of its frame a syllable may be that ends there."""
    lattice: Annotated[float, Meta(gt=0)] = 10.0
    """A syllable in the lattice is left out where its posterior probability is below exp(-lattice)."""
    pause: float = -1.0
    """Score of a pause between two syllables."""


class DnnBundleConfig(FamilyConfig, frozen=True, kw_only=True):
    """What lies before and behind the graph of a recogniser."""

    FAMILY: ClassVar[str] = "dnn"

    mfcc: MfccConfig
    deviation: Annotated[tuple[float, ...], Meta(min_length=1)]
    """By which each coefficient is divided after the mean of the utterance is taken off."""
    offsets: Annotated[tuple[int, ...], Meta(min_length=1)]
    """The frames around one that the net sees with it: ``(-1, 0, 1)`` are it and its neighbours."""
    phones: Annotated[tuple[str, ...], Meta(min_length=2)]
    """`SILENCE`, initials, and finals with their tone; state k of phone p is row ``p * states + k`` of the output."""
    states: Annotated[int, Meta(ge=1)] = 3
    """Of a phone, from left to right."""
    priors: tuple[float, ...]
    """Log probability of each state, whatever is heard."""
    durations: tuple[float, ...]
    """Mean frames that each state lasts."""
    units: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Syllables with tones that can be heard."""
    frequencies: tuple[float, ...]
    """Log probability of each of them, whatever was said before."""
    beam: BeamConfig = BeamConfig()
    spelling: SpellingConfig
    architecture: dict[str, Size]
    """Sizes from which `tingshuo.models` rebuilds the net."""

    def __post_init__(self) -> None:
        """Refuse tables that do not fit each other."""
        rows = len(self.phones) * self.states
        wanted = {"priors": rows, "durations": rows, "frequencies": len(self.units), "deviation": self.mfcc.size}
        for name, size in wanted.items():
            if len(getattr(self, name)) != size:
                raise ValueError(f"{name} has {len(getattr(self, name))} numbers where {size} belong")
        if self.phones[0] != SILENCE:
            raise ValueError(f"the first phone is {SILENCE!r}, not {self.phones[0]!r}")
        if min(self.durations) < 1:
            raise ValueError("no state lasts less than a frame")

    @property
    def sample_rate(self) -> int:
        """Hz of the audio that it hears."""
        return self.mfcc.mel.sample_rate

    @property
    def frame_s(self) -> float:
        """Seconds from one frame to the next."""
        return self.mfcc.mel.hop_length / self.sample_rate
