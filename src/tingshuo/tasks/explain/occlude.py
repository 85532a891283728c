"""Explain a text: speak it, speak it again with each input replaced, and compare, syllable by syllable.

Each input is replaced alone, and the inputs of a kind together, so that it can be told how far single influences add up.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tingshuo.engine.cpu import usable_cpus
from tingshuo.errors import SsmlError, TooLargeError
from tingshuo.tasks.explain.answer import Answer, Asked, influence, mean_f0_hz
from tingshuo.tasks.explain.inputs import Replacement, apply_all, label, replacements
from tingshuo.tasks.explain.result import LOCAL, MEASURES, Explained, Explanation, Floats, Influence, Spoken, Together
from tingshuo.tasks.tts import Voice
from tingshuo.text.frontend import Frontend
from tingshuo.text.ssml import is_ssml
from tingshuo.text.symbols import has_english
from tingshuo.types import EMOTIONS, Sentence, SpeechRequest

MAX_SYLLABLES = 60
"""Of a text: the work grows with the square of a sentence's length, and a map of more columns cannot be read."""
FLOOR_PERCENTILE = 95

Progress = Callable[[float], None]
"""Is told the share that is done, 0 to 1."""
Change = dict[str, Floats]


def explain(voice: Voice, request: SpeechRequest, *, exact: Voice | None = None, progress: Progress | None = None) -> Explanation:
    """Show what a voice used to speak a text.

    Parameters
    ----------
    voice : Voice
        As it is heard.
    request : SpeechRequest
        Plain text of at most `MAX_SYLLABLES` syllables, and its manner.
    exact : Voice or None
        The same voice in float32, to measure how much of an influence is noise of the precision; None where the voice is that.
    progress : callable or None
        Told of the steps.

    Raises
    ------
    TooLargeError
        The text has more syllables.
    SsmlError
        The text is markup.
    TextError
        Nothing in it can be spoken.
    UnknownVoiceError
        The voice has no such style or speaker.
    """
    sentences, warnings = _sentences(voice, request)
    works = [_Work(voice, request, sentence) for sentence in sentences]
    checks = [] if exact is None else [_Work(exact, request, sentence) for sentence in sentences]
    total = sum(len(work.alone) + len(work.sets) for work in works) + sum(len(work.local) for work in checks)
    done = 0

    def one_done() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done / total)

    explained = [work.explain(one_done) for work in works]
    noise = [work.noise(one.influences, one_done) for work, one in zip(checks, explained, strict=False)]
    return Explanation(
        voice.manifest.name, voice.manifest.version, voice.precision, request.style or voice.styles[0],
        request.speaker or voice.speakers[0], request.emotion, tuple(explained), _floor(noise), warnings,
    )  # fmt: skip


def _sentences(voice: Voice, request: SpeechRequest) -> tuple[list[Sentence], tuple[str, ...]]:
    """The sentences as `Voice.speak` cuts them, and what could not be spoken as written."""
    if is_ssml(request.text):
        raise SsmlError("markup is not explained; give the text alone, pinyin in brackets is understood")
    voice.settings.check_emotion(request.emotion)
    frontend = Frontend(english=has_english(voice.config.phonemes))
    sentences, n = [], 0
    for sentence in frontend.sentences(request.text):
        sentences.append(sentence)
        n += sum(len(word.syllables) for word in sentence.words)
        if n > MAX_SYLLABLES:
            raise TooLargeError(f"the text has more than {MAX_SYLLABLES} syllables; explain a sentence or two at a time", "text")
    return sentences, frontend.warnings


@dataclass(frozen=True, slots=True)
class _Other:
    """Another style, speaker or emotion of the whole sentence; ``own`` is the name of the one that speaks."""

    kind: str
    own: str
    name: str


class _Work:
    """A sentence and a voice: everything that is to be asked."""

    def __init__(self, voice: Voice, request: SpeechRequest, sentence: Sentence) -> None:
        self._voice, self._request, self._sentence = voice, request, sentence
        self._asked = _asked(voice, request)
        self.local = list(replacements(sentence.words))
        self.alone: list[Replacement | _Other] = [*self.local, *_others(voice, request)]
        self.sets = _sets(self.local, sum(len(word.syllables) for word in sentence.words))

    def explain(self, one_done: Callable[[], None]) -> Explained:
        """Ask everything."""
        spoken = self._asked.answer(self._sentence.words)
        alone = self._changes(spoken, self.alone, one_done)
        joint = self._changes(spoken, list(self.sets.values()), one_done)
        n = len(spoken.seconds)
        influences = tuple(_influence(one, change, n) for one, change in zip(self.alone, alone, strict=True))
        by_input = dict(zip(self.local, alone, strict=False))
        together = tuple(
            _together(kind, change, [by_input[one] for one in self.sets[kind]])
            for kind, change in zip(self.sets, joint, strict=True)
        )
        mel = self._voice.config.mel
        return Explained(
            self._sentence.source.strip(), _spoken(self._sentence, spoken, mel.hop_length / mel.sample_rate), influences,
            together, spoken.f0_hz, mel.hop_length / mel.sample_rate,
        )  # fmt: skip

    def noise(self, heard: Sequence[Influence], one_done: Callable[[], None]) -> Change:
        """How far local influences differ from those that were heard, by measure, (local inputs x S,), NaN left out."""
        spoken = self._asked.answer(self._sentence.words)
        changes = self._changes(spoken, self.local, one_done)
        differ = {m: [abs(c[m] - one.change[m]) for c, one in zip(changes, heard, strict=False)] for m in MEASURES}
        return {m: each[np.isfinite(each)] for m, rows in differ.items() for each in [np.concatenate(rows)]}

    def _changes(
        self, spoken: Answer, chosen: Sequence[Replacement | _Other | list[Replacement]], one_done: Callable[[], None]
    ) -> list[Change]:
        """Ask again for each choice; the runtime leaves the interpreter, so threads share the processor's cores."""

        def ask(one: Replacement | _Other | list[Replacement]) -> Change:
            words, asked = self._sentence.words, self._asked
            if isinstance(one, _Other):
                other: dict[str, Any] = {one.kind: one.name}
                asked = _asked(self._voice, replace(self._request, **other))
            else:
                words = apply_all(words, one if isinstance(one, list) else [one])
            return influence(spoken, asked.answer(words, spoken))

        with ThreadPoolExecutor(usable_cpus()) as pool:
            return list(_told(pool.map(ask, chosen), one_done))


def _told(changes: Iterator[Change], one_done: Callable[[], None]) -> Iterator[Change]:
    for change in changes:
        one_done()
        yield change


def _asked(voice: Voice, request: SpeechRequest) -> Asked:
    return Asked(voice.graphs, voice.config, voice.timbre(request.style, request.speaker), request)


def _others(voice: Voice, request: SpeechRequest) -> Iterator[_Other]:
    """Every other style, speaker and emotion."""
    choices = (
        ("style", request.style or voice.styles[0], voice.styles),
        ("speaker", request.speaker or voice.speakers[0], voice.speakers),
        ("emotion", request.emotion, EMOTIONS),
    )
    for kind, own, names in choices:
        yield from (_Other(kind, own, name) for name in names if name != own)


def _sets(local: Sequence[Replacement], n: int) -> dict[str, list[Replacement]]:
    """Inputs to replace together: those of a kind where there are two or more, and all; no pause after the last syllable."""
    inside = [one for one in local if one.span != (n, n)]
    kinds = {kind: [one for one in inside if one.kind == kind] for kind in LOCAL}
    return {kind: each for kind, each in (kinds | {"all": inside}).items() if len(each) > 1}


def _influence(one: Replacement | _Other, change: Change, n: int) -> Influence:
    if isinstance(one, _Other):
        return Influence(one.kind, one.own, "", one.name, (0, n), change)
    return Influence(one.kind, one.of, one.value, one.instead, one.span, change)


def _together(kind: str, joint: Change, single: Sequence[Change]) -> Together:
    """Compare a joint influence with the sum; a syllable whose F0 is not known in one of them is left out."""
    sizes, gaps = {}, {}
    for m in MEASURES:
        whole, parts = (_additive(m, values) for values in (joint[m], np.stack([change[m] for change in single])))
        gap = np.abs(whole - parts.sum(axis=0))
        known = np.isfinite(gap)
        sizes[m] = float(np.abs(whole[known]).mean()) if known.any() else float("nan")
        gaps[m] = float(gap[known].mean()) if known.any() else float("nan")
    return Together(kind, len(single), sizes, gaps)


def _additive(measure: str, values: Floats) -> Floats:
    """Ratios of lengths as 100 times their logarithm, which is what could add up; semitones and dB are logarithms already."""
    return 100 * np.log1p(values / 100) if measure == "duration" else values


def _spoken(sentence: Sentence, answer: Answer, frame_s: float) -> tuple[Spoken, ...]:
    level = 10 * np.log10(answer.mean_power() / answer.power[answer.owner >= 0].mean())
    said = [word for word in sentence.words if word.syllables]
    spoken = []
    for s, (w, syllable) in enumerate((w, syllable) for w, word in enumerate(said) for syllable in word.syllables):
        frames = answer.frames_of(s)
        times = float(frames[0]) * frame_s, float(frames[-1] + 1) * frame_s, float(answer.seconds[s])
        spoken.append(Spoken(label(syllable), syllable.pinyin, syllable.tone, w, *times, mean_f0_hz(answer, s), float(level[s])))
    return tuple(spoken)


def _floor(noise: Sequence[Change]) -> dict[str, float]:
    """The noise over all sentences, by measure; 0 where none was measured."""
    by_measure = {m: np.concatenate([np.zeros(1), *(one[m] for one in noise)]) for m in MEASURES}
    return {m: float(np.percentile(values, FLOOR_PERCENTILE)) for m, values in by_measure.items()}
