"""config.json of a voice whose nets are a stranger's graphs: what plays which part in them, how text becomes symbols."""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from tingshuo.config.family import FamilyConfig, FrameConfig
from tingshuo.config.mel import MelConfig
from tingshuo.config.strict import StrictModel

Scale = Literal["noise", "length", "duration_noise"]
Count = Annotated[int, Meta(ge=0)]


class InputsConfig(StrictModel, frozen=True, kw_only=True):
    """Names of the inputs of the acoustic graph by what they take; an empty one is not there."""

    symbols: Annotated[str, Meta(min_length=1)]
    """Ids of symbols, (1, N)."""
    lengths: str = ""
    """How many symbols."""
    speaker: str = ""
    """Row of the speaker table."""
    emotion: str = ""
    """Row of the emotion table."""
    tones: str = ""
    """A tone for every symbol, (1, N)."""
    languages: str = ""
    """A language for every symbol, (1, N), or one for all."""
    noise: str = ""
    length: str = ""
    duration_noise: str = ""
    """Scales, one input each: how freely it speaks, how slowly, how freely in its durations."""
    scales: str = ""
    """All scales in one vector."""
    scales_order: tuple[Scale, ...] = ("noise", "length", "duration_noise")
    """What stands where in that vector."""
    draws: str = ""
    """Normal draws, (K,): an input in the place of random numbers that the graph drew itself."""
    fixed: dict[str, float] = msgspec.field(default_factory=dict)
    """Inputs that are given the same number whatever is said."""

    @property
    def has_length(self) -> bool:
        """Whether the voice can be told how fast to speak."""
        return bool(self.length or (self.scales and "length" in self.scales_order))


class OutputsConfig(StrictModel, frozen=True, kw_only=True):
    """Names of the outputs of the acoustic graph by what they give: either samples or a mel, and perhaps durations."""

    wav: str = ""
    mel: str = ""
    """(1, n_mels, F), or (1, F, n_mels) with ``frames_first``."""
    frames_first: bool = False
    durations: str = ""
    """Frames of every symbol."""


class VocoderRoles(StrictModel, frozen=True, kw_only=True):
    """Names of the input and the outputs of a vocoder graph: samples, or a transform to be inverted."""

    mel: Annotated[str, Meta(min_length=1)]
    frames_first: bool = False
    """Whether it wants (1, F, n_mels)."""
    wav: str = ""
    """A hop of samples a frame."""
    magnitude: str = ""
    cos: str = ""
    sin: str = ""
    """Magnitude, cosine and sine of the phase of every bin, (1, bins, F); frames are centred at multiples of the hop."""
    n_fft: Count = 0
    hop_length: Count = 0
    """Of that transform, whose window is a Hann window of ``n_fft`` samples."""
    context_frames: Count = 0
    """Frames either side of a frame that its samples depend on; 0 is not known, and a sentence is made at once."""


class ScalesConfig(StrictModel, frozen=True, kw_only=True):
    """How freely and how fast a voice speaks by itself; the defaults are those of VITS."""

    noise: float = 0.667
    length: float = 1.0
    duration_noise: float = 0.8


class TextConfig(StrictModel, frozen=True, kw_only=True):
    """How a sentence becomes symbols."""

    kind: Literal["sounds", "words", "characters", "espeak", "piper"]
    """``sounds``: a table says which symbols every syllable of Mandarin has, and every phone of English. ``words``: a lexicon of
    words and characters, the longest match first. ``characters`` of the text. ``espeak``: what eSpeak NG writes. ``piper``: as a
    voice of Piper reads it."""
    tokens: dict[str, int] = msgspec.field(default_factory=dict)
    """Symbol to id."""
    sounds: dict[str, tuple[int, ...]] = msgspec.field(default_factory=dict)
    """Sound to ids: initial, ``_``, final and tone of a syllable (``zh_ong1``), or a phone in ARPAbet (``OW1``)."""
    tones: dict[str, tuple[int, ...]] = msgspec.field(default_factory=dict)
    """Sound to the tones of its symbols, where tones are an input of their own."""
    lexicon: str = ""
    """A line a word: the word, its ids, and after a ``|`` its tones."""
    phonemes: Literal["espeak", "text", "pinyin"] = "espeak"
    phoneme_ids: dict[str, tuple[int, ...]] = msgspec.field(default_factory=dict)
    """Of a voice of Piper, as in `tingshuo.config.piper`."""
    espeak_voice: str = ""
    begin: tuple[int, ...] = ()
    end: tuple[int, ...] = ()
    """Ids that stand around a sentence."""
    blank: int | None = None
    """Id that stands before, between and after all others."""
    blank_edges: bool = True
    """Whether it stands around those of begin and end too."""
    space: int | None = None
    """Id after an English word."""
    pause: int | None = None
    """Id for a mark that has no symbol of its own."""
    language_ids: dict[Literal["zh", "en"], int] = msgspec.field(default_factory=dict)
    """Where languages are an input."""


class GraphVoiceConfig(FamilyConfig, frozen=True, kw_only=True):
    """config.json of a bundle of the family ``graph_voice``."""

    FAMILY: ClassVar[str] = "graph_voice"

    frames: FrameConfig
    """Its hop is 0 where nobody knows the frames of the graph."""
    inputs: InputsConfig
    outputs: OutputsConfig
    text: TextConfig
    vocoder: VocoderRoles | None = None
    mel: MelConfig | None = None
    """How the mel between the two graphs is computed, where somebody has said so."""
    scales: ScalesConfig = ScalesConfig()
    silence_s: float = 0.2
    """Silence after a sentence at speed 1."""

    @property
    def sample_rate(self) -> int:
        """Hz of the audio."""
        return self.frames.sample_rate

    @property
    def symbols(self) -> tuple[str, ...]:
        """See `FamilyConfig`; a row that nothing is called after is empty."""
        rows = {row: name for name, row in reversed(self.text.tokens.items())}
        return tuple(rows.get(row, "") for row in range(max(rows, default=-1) + 1))
