"""Speech as it leaves for others: with the labels that the rule for generated audio asks for (docs/label.md).

The command line and the server both make theirs here, so the same request has the same labels, and the same bytes, at both.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from weakref import WeakKeyDictionary

import numpy as np

from tingshuo.audio.label.field import AigcField
from tingshuo.audio.label.labelling import SENTENCE, Inserted, Labelling, LabelSettings, check_prompt, speed_of_label
from tingshuo.audio.label.watermark import Watermarker
from tingshuo.engine.interrupt import uninterrupted
from tingshuo.errors import RequestError
from tingshuo.tasks.tts import SpeechStream, Voice
from tingshuo.types import RANGES, AudioChunk, SpeechRequest, TimedSentence, Wav

PRODUCER = "tingshuo"
"""Who the field names where nobody said who it is."""
_TRIES = 3
"""How often a spoken label is spoken until its speed is right; the second time was enough for every voice so far."""
_PROMPTS: "WeakKeyDictionary[Voice, dict[tuple[str, float], Wav]]" = WeakKeyDictionary()
_SPEAKING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Label:
    """How speech is labelled.

    Parameters
    ----------
    settings : LabelSettings or None
        What is heard; None is nothing, for which there has to be an agreement.
    producer : str
        Code or name of who offers the speech, as the field has it; visible ASCII.
    watermark : bytes or None
        Key of the watermark, at least 16 bytes; None adds none.

    Raises
    ------
    RequestError
        A producer that the field cannot have, or a short key.
    """

    settings: LabelSettings | None = field(default_factory=LabelSettings)
    producer: str = PRODUCER
    watermark: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check what can be checked before there is audio."""
        try:
            self.field("0")
        except RequestError as error:
            raise RequestError(
                f"the producer {self.producer[:40]!r} cannot be written into files: {error}", "producer"
            ) from error
        if self.watermark is not None:
            Watermarker(24000, self.watermark, 0)

    def field(self, number: str) -> AigcField:
        """Return the implicit label of content with a number."""
        return AigcField.first(self.producer, number)

    def describe(self, inserted: Inserted | None = None) -> dict[str, object]:
        """Return what a reply says of it; with ``inserted`` also where in the audio it lies."""
        heard = self.settings
        told: dict[str, object] = {"form": heard.form if heard else "none", "position": heard.position if heard else None}
        if inserted is not None:
            end_s = inserted.at_s + inserted.length_s
            told |= {"start_s": round(inserted.at_s, 4), "end_s": round(end_s, 4)}
        return told | {"producer": self.producer, "watermark": self.watermark is not None}


class Labeller:
    """Labels the chunks of one audio, whether it is made of one synthesis or of several, one after the other.

    Parameters
    ----------
    label : Label or None
        None leaves the chunks as they are.
    number : str
        Of the content, for the field; its first 32 bits are what the watermark carries.
    prompt : callable
        Speaks the label; called when it is to be spoken.

    Attributes
    ----------
    field : AigcField or None
        For the encoder; None when there is no label.
    sentences : list of TimedSentence
        Of the chunks given out, with their times in the labelled audio.
    n_samples : int
        Given out so far.
    """

    def __init__(self, label: Label | None, number: str, prompt: Callable[[], Wav]) -> None:
        self.label = label
        self.field = None if label is None else label.field(number)
        self.sentences: list[TimedSentence] = []
        self.n_samples = 0
        self._payload = int(hashlib.sha256(number.encode()).hexdigest()[:8], 16)
        self._marker: Watermarker | None = None
        self._marked_samples = 0
        self._waiting: TimedSentence | None = None
        settings = None if label is None else label.settings
        spoken = settings is not None and settings.form == "speech"
        self._labelling = None if settings is None else Labelling(settings, prompt() if spoken else None)

    @property
    def inserted(self) -> Inserted | None:
        """Where the label lies, once it is placed."""
        return self._labelling.inserted if self._labelling else None

    def describe(self) -> dict[str, object] | None:
        """Return what a reply says of the label; None when there is none."""
        return None if self.label is None else self.label.describe(self.inserted)

    def push(self, chunk: AudioChunk) -> list[AudioChunk]:
        """Add a chunk; return those that may go out."""
        marked = self._mark(chunk)
        return self._given(marked if self._labelling is None else [out for one in marked for out in self._labelling.push(one)])

    def finish(self) -> list[AudioChunk]:
        """End the audio; return what was held back and the label."""
        rest = self._mark_rest()
        if self._labelling is not None:
            rest = [*(out for one in rest for out in self._labelling.push(one)), *self._labelling.finish()]
        return self._given(rest)

    def _given(self, chunks: list[AudioChunk]) -> list[AudioChunk]:
        for chunk in chunks:
            self.n_samples += len(chunk.wav)
            if chunk.sentence is not None:
                self.sentences.append(chunk.sentence)
        return chunks

    def _mark(self, chunk: AudioChunk) -> list[AudioChunk]:
        if self.label is None or self.label.watermark is None:
            return [chunk]
        self._marker = self._marker or Watermarker(chunk.sample_rate, self.label.watermark, self._payload)
        self._rate = chunk.sample_rate
        sentence, self._waiting = chunk.sentence or self._waiting, None
        wav = self._marker.push(chunk.wav)
        if not len(wav):
            self._waiting = sentence
            return []
        return [self._marked(wav, sentence)]

    def _mark_rest(self) -> list[AudioChunk]:
        return [] if self._marker is None else [self._marked(self._marker.finish(), self._waiting)]

    def _marked(self, wav: Wav, sentence: TimedSentence | None) -> AudioChunk:
        start, self._marked_samples = self._marked_samples, self._marked_samples + len(wav)
        return AudioChunk(wav, self._rate, start, sentence)


def label_speech(chunks: Iterator[AudioChunk], labeller: Labeller) -> Iterator[AudioChunk]:
    """Yield the chunks of a stream as they may go out."""
    for chunk in chunks:
        yield from labeller.push(chunk)
    yield from labeller.finish()


def labeller_of(voice: Voice, stream: SpeechStream, request: SpeechRequest, label: Label | None) -> Labeller:
    """Return what labels a synthesis of a voice."""
    number = "" if label is None else number_of(voice, stream.speaker, request, label)
    return Labeller(label, number, lambda: spoken_label(voice, stream.speaker, request.volume))


def number_of(voice: Voice, speaker: str, request: SpeechRequest, label: Label) -> str:
    """Return the number of a content: 32 hexadecimal digits of a hash of all that decides how it sounds.

    The same words by the same voice in the same way are the same content, whatever file they are in and whenever they are made.
    """
    sounds = asdict(replace(request, speaker=speaker)) | {
        "voice": voice.identity,
        "heard": label.settings and asdict(label.settings),
    }
    return hashlib.sha256(json.dumps(sounds, sort_keys=True).encode()).hexdigest()[:32]


def spoken_label(voice: Voice, speaker: str, volume: float = 0.0) -> Wav:
    """Return the sentence of the spoken label in a voice, at the speed that the standard asks for; kept while the voice is open.

    Parameters
    ----------
    voice : Voice
        Who speaks.
    speaker : str
        One of its speakers.
    volume : float
        dB, that of the speech which is labelled.

    Raises
    ------
    RequestError
        The voice cannot speak it slowly or quickly enough; label with the rhythm then.
    """
    with _SPEAKING:
        prompts = _PROMPTS.setdefault(voice, {})
        if (speaker, volume) not in prompts:
            with uninterrupted():
                prompts[speaker, volume] = _speak_label(voice, speaker, volume)
        return prompts[speaker, volume]


def _speak_label(voice: Voice, speaker: str, volume: float) -> Wav:
    slowest, fastest, _ = RANGES["speed"]
    speed = 1.0
    for _ in range(_TRIES):
        request = SpeechRequest(text=SENTENCE, speaker=speaker, speed=speed, volume=volume)
        stream = voice.speak(request)
        wav = np.concatenate([chunk.wav for chunk in stream])
        duration_s = len(wav) / stream.sample_rate
        try:
            check_prompt(SENTENCE, duration_s)
        except RequestError as error:
            refused = error
        else:
            return wav
        speed = min(fastest, max(slowest, speed * speed_of_label(SENTENCE, duration_s)))
    raise RequestError(f"the voice cannot speak the label as it has to be: {refused}; label with the rhythm", "label")
