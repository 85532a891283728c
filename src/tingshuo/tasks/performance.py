"""What every family of voices does for a `tingshuo.tasks.tts.Voice`: it prepares a request, then performs its sentences.

A model is made once for a voice and shared by threads; what `Model.prepare` returns belongs to one request.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from tingshuo.errors import UnknownVoiceError
from tingshuo.registry import Registry, Row
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.types import Sentence, SpeechRequest, TimedSentence, Wav


class Performance(Protocol):
    """One sentence on its way to samples."""

    timed: TimedSentence
    """When its words are spoken, in seconds from the begin of the request."""
    n_samples: int | None
    """Samples that it will have, the silence after it among them; None where that is known only when they are made."""

    def begin(self) -> None:
        """Compute what its first piece needs, beside the sound of the sentence before it; `samples` would do it too, later."""
        ...

    def samples(self) -> Iterator[Wav]:
        """Yield its samples piece by piece, each when it is asked for, and the silence after it; called once."""
        ...


class Performer(Protocol):
    """A request before its first sentence."""

    speaker: str
    """Name of who speaks."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was asked for so far that this voice cannot do, a sentence each."""
        ...

    def perform(self, sentence: Sentence, start_samples: int, stopwatch: Stopwatch) -> Performance:
        """Begin a sentence.

        Parameters
        ----------
        sentence : Sentence
            Has syllables.
        start_samples : int
            Samples that were made before it; 0 says that somebody is waiting for the first sound.
        stopwatch : Stopwatch
            Times what is computed later, on demand.
        """
        ...


class Model(Protocol):
    """The nets of a voice, driven."""

    english: bool
    """Whether it says English words with English phones."""

    def prepare(self, request: SpeechRequest) -> Performer:
        """Look up who is to speak and how.

        Raises
        ------
        UnknownVoiceError
            The voice has no such style or speaker; the message lists those there are.
        RequestError
            It has no such emotion.
        """
        ...


MODELS = Registry(
    "family of voices",
    {
        "emotivoice": Row("tingshuo.tasks.emotivoice.model:EmotiVoice"),
        "fastspeech": Row("tingshuo.tasks.fastspeech:FastSpeech"),
        "graph_voice": Row("tingshuo.tasks.graph_voice.model:GraphVoice"),
        "piper": Row("tingshuo.tasks.piper.model:Piper"),
        "sambert": Row("tingshuo.tasks.sambert.model:Sambert"),
    },
)
"""A model is called with the name of its voice, the settings of its bundle, its open graphs by name, and its tensors."""

SHOWN = 40
"""Most names that a message lists."""
Tensors = Mapping[str, Mapping[str, NDArray[Any]]]
"""By file and name."""


class Remarks:
    """What a voice cannot do of what a request and the markup in its text ask for, each thing once.

    Parameters
    ----------
    follows : sequence of str
        What the voice does follow of ``pitch``, ``volume`` of single words and ``emphasis``.
    """

    def __init__(self, follows: Sequence[str]) -> None:
        self._follows = follows
        self._said: dict[str, None] = {}

    @property
    def sentences(self) -> tuple[str, ...]:
        """A sentence each."""
        return tuple(self._said)

    def note(self, request: SpeechRequest, sentence: Sentence) -> None:
        """Note what a sentence asks for."""
        asked = [word.prosody for word in sentence.words]
        wanted = {
            "pitch": bool(request.pitch) or any(one.pitch_semitones for one in asked),
            "volume": any(one.volume_db for one in asked),
            "emphasis": any(one.emphasis for one in asked),
        }
        for what, is_wanted in wanted.items():
            if is_wanted and what not in self._follows:
                single = " of single words" if what == "volume" else ""
                self._said[f"the {what}{single} that was asked for was not followed: this model decides on it itself"] = None


def listed(names: Sequence[str]) -> str:
    """Return names for a message, at most `SHOWN` and how many more there are."""
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def row_of(what: str, name: str | None, known: tuple[str, ...], voice: str) -> int:
    """Return the place of a name, 0 for None.

    Raises
    ------
    UnknownVoiceError
        There is no such name; the message lists those there are.
    """
    if name is None:
        return 0
    if name not in known:
        raise UnknownVoiceError(f"unknown {what} {name!r} of voice {voice!r}; accepted: {listed(known)}", what)
    return known.index(name)
