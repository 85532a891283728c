"""config.json of a recogniser whose graph is a stranger's, used as it is: a contract of what it is given and what it answers."""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from tingshuo.config.family import FamilyConfig
from tingshuo.config.fbank import Cmvn, FbankConfig
from tingshuo.config.strict import StrictModel

Dtype = Literal["float32", "float16", "int64", "int32"]
Positive = Annotated[int, Meta(ge=1)]
Layout = Literal["btd", "bdt", "bt", "b1t"]
"""How features lie in their input: batch of one, time, dimensions; ``bt`` and ``b1t`` are of samples."""
Tokenizer = Literal["char", "bpe", "byte_bpe", "joined"]
"""How units are written: one after another; with ``\u2581`` where a word begins and ``<0xE4>`` for a byte; as icefall's letters
for bytes; or as words with spaces between them, of which one that ends in ``@@`` is joined to the next."""


class GraphInput(StrictModel, frozen=True):
    """An input of the graph."""

    name: str
    dtype: Dtype


class GraphInputs(StrictModel, frozen=True):
    """Which input of the graph plays which role."""

    features: GraphInput
    lengths: GraphInput | None = None
    """How many vectors of features, or samples, there are, (1,)."""


class GraphOutputs(StrictModel, frozen=True):
    """Which output of the graph plays which role, by its name."""

    scores: str
    """How likely each unit is: (1, frames, units), or (1, tokens, units) of a Paraformer."""
    lengths: str | None = None
    """How many frames count, (1,)."""
    count: str | None = None
    """How many tokens of a Paraformer count, (1,)."""
    peaks: str | None = None
    """Where tokens of a Paraformer begin, (1, frames): 1 or more at the frames at which one does."""


class Choice(StrictModel, frozen=True):
    """An input for a number that stands for something that the user chooses, such as the language."""

    input: GraphInput
    values: dict[str, int]
    default: str

    def __post_init__(self) -> None:
        """Refuse a default that is none of the values."""
        if self.default not in self.values:
            raise ValueError(f"the default {self.default!r} is none of {', '.join(self.values)}")


class GraphFeatures(StrictModel, frozen=True, kw_only=True):
    """What the graph is given of a signal: a filter bank, or the samples themselves."""

    fbank: FbankConfig | None = None
    samples_hz: Positive | None = None
    """Sample rate of what hears samples; it has no ``fbank``."""
    normalize_samples: bool = False
    """Whether samples count from -1 to 1, as icefall and sherpa-onnx call it, or from -32768 to 32767, as Kaldi reads them."""
    normalize: Literal["none", "utterance"] = "none"
    """Whether mean and deviation of the whole utterance are taken out, over all that the graph is given."""
    stack: Positive = 1
    """Vectors that are put side by side for one of low frame rate, the middle one being that of its time."""
    stride: Positive = 1
    """Vectors from one of low frame rate to the next."""
    cmvn: Cmvn | None = None
    """What vectors are normalised by, after they are stacked."""
    layout: Layout = "btd"

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if (self.fbank is None) == (self.samples_hz is None):
            raise ValueError("it hears either a filter bank (fbank) or samples (samples_hz), one of them")
        if (self.fbank is None) != (self.layout in ("bt", "b1t")):
            raise ValueError(f"the layout {self.layout} is not one of {'samples' if self.fbank is None else 'a filter bank'}")
        bank = self.fbank
        if bank is not None and (bank.n_mels < 1 or bank.shift_samples < 1 or bank.window_samples < 2):
            raise ValueError("a filter bank has one band or more, and frames of two samples or more that go on by one or more")
        if self.fbank is None and (self.stack, self.stride, self.cmvn) != (1, 1, None):
            raise ValueError("samples are not stacked and have no cmvn")

    @property
    def size(self) -> int:
        """Numbers of a vector; 1 of samples."""
        return 1 if self.fbank is None else self.fbank.n_mels * self.stack

    @property
    def sample_rate(self) -> int:
        """Hz of the signal."""
        return self.fbank.sample_rate if self.fbank is not None else self.samples_hz or 0

    @property
    def step_samples(self) -> int:
        """Samples from one vector to the next."""
        return 1 if self.fbank is None else self.fbank.shift_samples * self.stride


class GraphRecogniserConfig(FamilyConfig, frozen=True, kw_only=True):
    """What is done before and behind a graph that nobody rebuilt."""

    FAMILY: ClassVar[str] = "graph_recogniser"

    output: Literal["ctc", "paraformer"]
    """What the scores are of: frames with blanks among them, or tokens, one after another."""
    inputs: GraphInputs
    outputs: GraphOutputs
    choices: dict[str, Choice] = msgspec.field(default_factory=dict)
    """By what is chosen: ``language``, ``text_norm``."""
    scores: Literal["log_probs", "logits", "probabilities"] = "log_probs"
    features: GraphFeatures
    least_frames: Positive = 1
    """Vectors of features that the graph needs; what is shorter has no text."""
    subsampling: Positive = 1
    """Vectors of features, or samples, to one frame of the scores."""
    peaks_per_frame: Positive = 3
    """Frames of the peaks of a Paraformer to one vector of features."""
    units: tuple[str, ...]
    """Order = rows of the scores."""
    tokenizer: Tokenizer = "char"
    blank: int | None = 0
    """The unit that is none."""
    eos: int | None = None
    """The unit at which the text of a Paraformer ends."""
    silent: tuple[int, ...] = ()
    """Units that are heard and not written."""
    tags: tuple[str, ...] = ()
    """What the first frames of the scores tell, one each, before those of the signal: ``language``, ``emotion``."""

    def __post_init__(self) -> None:
        """Refuse numbers of units that there are not."""
        numbers = (*self.silent, *(unit for unit in (self.blank, self.eos) if unit is not None))
        strange = next((number for number in numbers if not 0 <= number < len(self.units)), None)
        if strange is not None:
            raise ValueError(f"there is no unit {strange} among {len(self.units)}")

    @property
    def sample_rate(self) -> int:
        """Hz of the audio that it hears."""
        return self.features.sample_rate

    @property
    def frame_s(self) -> float:
        """Seconds from one frame of a hypothesis to the next."""
        step = self.features.step_samples / self.sample_rate
        return step / self.peaks_per_frame if self.output == "paraformer" else step * self.subsampling
