"""config.json of a recogniser of the family ``conformer``."""

from typing import ClassVar, Literal

from tingshuo.config.family import FamilyConfig, Size
from tingshuo.config.fbank import Cmvn, FbankConfig
from tingshuo.config.strict import StrictModel


class SpellingConfig(StrictModel, frozen=True, kw_only=True):
    """How syllables are written as characters."""

    model: str
    """File of the bundle with the words and their language model; see `tingshuo.tasks.recognise.language`."""
    weight: float = 0.5
    """Share of the log probability of words beside what was heard."""
    bonus: float = 0.0
    """Added to the log probability of a text for each of its syllables."""


class ConformerBundleConfig(FamilyConfig, frozen=True, kw_only=True):
    """What lies before, between and behind the graphs of a recogniser."""

    FAMILY: ClassVar[str] = "conformer"

    fbank: FbankConfig
    cmvn: Cmvn | None = None
    """What features are normalised by; None if they are not."""
    units: tuple[str, ...]
    """Order = rows of the output."""
    tokenizer: Literal["char", "bpe", "syllable"] = "char"
    """How texts are cut into units: characters, pieces in which ``\u2581`` begins a word, or syllables with tones."""
    spelling: SpellingConfig | None = None
    """Of syllables alone."""
    blank: int = 0
    sos: int
    eos: int
    """Units that are no writing; sos and eos may be the same."""
    subsampling: int
    """Frames of features to one frame of the encoder."""
    context_frames: int
    """Frames of features that one encoder frame hears."""
    reverse_weight: float = 0.0
    """Share of the decoder from right to left, 0 to 1."""
    architecture: dict[str, Size]
    """Sizes from which `tingshuo.models` rebuilds the net."""

    @property
    def sample_rate(self) -> int:
        """Hz of the audio that it hears."""
        return self.fbank.sample_rate
