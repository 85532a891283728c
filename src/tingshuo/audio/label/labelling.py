"""The explicit label: the rhythm or a spoken sentence, joined to audio at its start, middle or end.

At the end nothing waits and no time moves: the first sample that comes out is the first that came in. At the start the first
0.4 s are held back, as the label is to be as loud as they are. The middle needs the whole.

Source: GB 45438-2025, 5.3: speech or rhythm, at the start, the end or a fitting place in the middle; the sentence holds 人工智能
or AI, and 生成 or 合成, at 120 to 160 characters a minute. Read in public copies, not in the original.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tingshuo.audio.label.loudness import FRAME_S, Loudness, levels_of
from tingshuo.audio.label.rhythm import render_rhythm
from tingshuo.audio.level import find_speech
from tingshuo.errors import RequestError
from tingshuo.types import AudioChunk, TimedSentence, TimedWord, Wav

FORMS = ("rhythm", "speech")
POSITIONS = ("start", "middle", "end")
SENTENCE = "本音频由人工智能合成"
"""What a voice says as the spoken label; ten characters."""
SLOWEST, FASTEST = 120.0, 160.0
"""Characters a minute of the spoken label."""
PAUSE_S = 0.35
"""Silence between audio and label."""
TAIL_S = 0.1
"""Silence after a label at the end, so that no player swallows its last tone."""
HELD_S = 0.4
"""What is heard before the loudness of a label at the start is set."""
SHORTEST_PAUSE_S = 0.12


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """How the label is heard: ``form`` of `FORMS`, ``position`` of `POSITIONS`.

    Raises
    ------
    RequestError
        A value that is not one of them.
    """

    form: Literal["rhythm", "speech"] = "rhythm"
    position: Literal["start", "middle", "end"] = "end"

    def __post_init__(self) -> None:
        """Check both."""
        for name, value, accepted in (("form", self.form, FORMS), ("position", self.position, POSITIONS)):
            if value not in accepted:
                raise RequestError(f"label {name} {value!r} is not known; accepted: {', '.join(accepted)}", "label")


@dataclass(frozen=True, slots=True)
class Inserted:
    """What a label did to the time of the audio: ``length_s`` came in at ``at_s``, and later things moved."""

    at_s: float
    length_s: float

    def shift(self, time_s: float) -> float:
        """Return where a moment of the audio lies now; one at the very place of the label comes after it."""
        return time_s + self.length_s if time_s >= self.at_s else time_s

    def shift_sentence(self, sentence: TimedSentence) -> TimedSentence:
        """Return a sentence with its words and characters where they are now."""
        words = tuple(self._word(word) for word in sentence.words)
        return replace(sentence, start_s=self.shift(sentence.start_s), end_s=self._end(sentence.end_s), words=words)

    def _word(self, word: TimedWord) -> TimedWord:
        characters = tuple(replace(c, start_s=self.shift(c.start_s), end_s=self._end(c.end_s)) for c in word.characters)
        return replace(word, start_s=self.shift(word.start_s), end_s=self._end(word.end_s), characters=characters)

    def _end(self, time_s: float) -> float:
        # An end at the place of the label belongs to what was before it.
        return time_s + self.length_s if time_s > self.at_s else time_s


class Labelling:
    """Joins a label to a stream of chunks.

    Parameters
    ----------
    settings : LabelSettings
        Form and position.
    prompt : Wav or None
        The spoken label at the rate of the chunks, in the voice of the caller; for ``form="speech"`` alone. It is joined as it
        is: a voice speaks both at its own fixed level.

    Attributes
    ----------
    inserted : Inserted or None
        Where the label lies, once it is placed.

    Raises
    ------
    RequestError
        A spoken label without a prompt, or a prompt for the rhythm.
    """

    def __init__(self, settings: LabelSettings, prompt: Wav | None = None) -> None:
        if (prompt is None) == (settings.form == "speech"):
            raise RequestError("a spoken label needs its prompt, spoken by the voice, and the rhythm none", "label")
        self.inserted: Inserted | None = None
        self._settings, self._prompt = settings, prompt
        self._loudness: Loudness | None = None
        self._held: list[AudioChunk] = []
        self._rate = self._held_samples = self._in_samples = 0

    def push(self, chunk: AudioChunk) -> list[AudioChunk]:
        """Add a chunk; return those that are ready."""
        self._rate = chunk.sample_rate
        self._in_samples += len(chunk.wav)
        if self._settings.position == "end":
            self._loudness = self._loudness or Loudness(self._rate)
            self._loudness.push(chunk.wav)
            return [chunk]
        if self._settings.position == "start" and self.inserted is not None:
            return [self._moved(chunk)]
        self._held.append(chunk)
        self._held_samples += len(chunk.wav)
        if self._settings.position == "start" and self._held_samples >= round(HELD_S * self._rate):
            return self._begin()
        return []

    def finish(self) -> list[AudioChunk]:
        """End the stream; return what was held, and the label. Nothing comes of a stream without a chunk."""
        if not self._rate:
            return []
        if self._settings.position == "end":
            assert self._loudness is not None
            label = np.concatenate([self._silence(PAUSE_S), self._label(self._loudness.level_db()), self._silence(TAIL_S)])
            self.inserted = Inserted(self._in_samples / self._rate, len(label) / self._rate)
            return [AudioChunk(label, self._rate, self._in_samples)]
        if self._settings.position == "start":
            return [] if self.inserted else self._begin()
        return self._in_the_middle()

    def _begin(self) -> list[AudioChunk]:
        """Return the label and the chunks that waited for it."""
        heard = np.concatenate([chunk.wav for chunk in self._held])[: round(HELD_S * self._rate)]
        label = np.concatenate([self._label(self._level_of(heard)), self._silence(PAUSE_S)])
        self.inserted = Inserted(0.0, len(label) / self._rate)
        held, self._held = self._held, []
        return [AudioChunk(label, self._rate, 0), *map(self._moved, held)]

    def _in_the_middle(self) -> list[AudioChunk]:
        wav = np.concatenate([chunk.wav for chunk in self._held])
        at = find_pause(wav, self._rate)
        label = np.concatenate([self._silence(PAUSE_S), self._label(self._level_of(wav)), self._silence(PAUSE_S)])
        self.inserted = Inserted(at / self._rate, len(label) / self._rate)
        out, done = [], False
        for chunk in self._held:
            cut = at - chunk.start_samples
            if not done and cut <= len(chunk.wav):
                joined = np.concatenate([chunk.wav[:cut], label, chunk.wav[cut:]])
                start, done = chunk.start_samples, True
            else:
                joined, start = chunk.wav, chunk.start_samples + (len(label) if done else 0)
            out.append(replace(chunk, wav=joined, start_samples=start, sentence=self._sentence(chunk)))
        return out

    def _moved(self, chunk: AudioChunk) -> AudioChunk:
        assert self.inserted is not None
        start = chunk.start_samples + round(self.inserted.length_s * self._rate)
        return replace(chunk, start_samples=start, sentence=self._sentence(chunk))

    def _sentence(self, chunk: AudioChunk) -> TimedSentence | None:
        assert self.inserted is not None
        return chunk.sentence and self.inserted.shift_sentence(chunk.sentence)

    def _label(self, speech_db: float) -> Wav:
        if self._prompt is not None:
            return self._prompt
        return render_rhythm(self._rate, speech_db)

    def _level_of(self, wav: Wav) -> float:
        loudness = Loudness(self._rate)
        loudness.push(wav)
        return loudness.level_db()

    def _silence(self, length_s: float) -> Wav:
        return np.zeros(round(length_s * self._rate), np.float32)


def label_chunks(chunks: Iterable[AudioChunk], labelling: Labelling) -> Iterator[AudioChunk]:
    """Yield the chunks of a stream with the label among them; times of sentences and words are those of the labelled audio."""
    for chunk in chunks:
        yield from labelling.push(chunk)
    yield from labelling.finish()


def label_wav(wav: Wav, sample_rate: int, settings: LabelSettings, prompt: Wav | None = None) -> tuple[Wav, Inserted]:
    """Return whole audio with its label, the samples that `label_chunks` makes of its chunks, and where the label lies.

    Parameters
    ----------
    wav : Wav
        Shape (T,), or (channels, T): the label is then the same in every channel.
    sample_rate : int
        Hz.
    settings, prompt
        As for `Labelling`.
    """
    labelling = Labelling(settings, prompt)
    mono = wav if wav.ndim == 1 else wav.mean(axis=0)
    labelled = np.concatenate([c.wav for c in label_chunks([AudioChunk(mono, sample_rate, 0)], labelling)])
    inserted = labelling.inserted
    assert inserted is not None
    if wav.ndim == 1:
        return labelled, inserted
    at = round(inserted.at_s * sample_rate)
    label = np.tile(labelled[at : at + labelled.size - mono.size], (len(wav), 1))
    return np.concatenate([wav[:, :at], label, wav[:, at:]], axis=1), inserted


def find_pause(wav: Wav, sample_rate: int) -> int:
    """Return the sample in the middle of the longest pause in the middle half of audio; without one, of its quietest moment.

    Parameters
    ----------
    wav : Wav
        Shape (T,).
    sample_rate : int
        Hz.
    """
    frame = max(1, round(FRAME_S * sample_rate))
    levels = levels_of(wav, frame)
    if len(levels) < 4:
        return len(wav) // 2
    first, last = len(levels) // 4, len(levels) - len(levels) // 4
    speech, _ = find_speech(levels)
    edges = np.flatnonzero(np.diff(np.concatenate([[1], speech, [1]]).astype(np.int8)))
    pauses = [(stop - start, start + stop) for start, stop in edges.reshape(-1, 2).tolist()]
    fitting = [(long, twice) for long, twice in pauses if long * FRAME_S >= SHORTEST_PAUSE_S and first <= twice / 2 <= last]
    if fitting:
        return max(fitting)[1] * frame // 2
    return int((first + np.argmin(levels[first:last])) * frame + frame // 2)


def speed_of_label(sentence: str, duration_s: float) -> float:
    """Return the speed, relative to the one that took ``duration_s``, at which a sentence has 140 characters a minute.

    Raises
    ------
    RequestError
        The sentence lacks one of the words that the standard asks for.
    """
    _check_words(sentence)
    return duration_s * (SLOWEST + FASTEST) / 2 / 60 / characters_of(sentence)


def check_prompt(sentence: str, duration_s: float) -> None:
    """Check a spoken label: its words and its speed.

    Raises
    ------
    RequestError
        A word is missing, or it is spoken with fewer than 120 or more than 160 characters a minute.
    """
    _check_words(sentence)
    rate = characters_of(sentence) / duration_s * 60
    if not SLOWEST <= rate <= FASTEST:
        raise RequestError(
            f"the spoken label has {rate:.0f} characters a minute; the standard asks for {SLOWEST:.0f} to {FASTEST:.0f}", "label"
        )


def characters_of(sentence: str) -> int:
    """Count what is spoken: hanzi, letters and digits one by one."""
    return len(re.findall(r"[^\W_]", sentence))


def _check_words(sentence: str) -> None:
    generated = "生成" in sentence or "合成" in sentence
    if not generated or not ("人工智能" in sentence or re.search(r"(?<![A-Za-z])AI(?![A-Za-z])", sentence)):
        raise RequestError(f"the spoken label {sentence!r} must hold 人工智能 or AI, and 生成 or 合成", "label")
