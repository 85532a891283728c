"""Subtitles: timed sentences in, SRT, WebVTT or LRC text out.

A cue is a line of at most about 20 Chinese characters; a longer sentence is cut where a speaker pauses, else between words, at
the times of its words. Cues never overlap. Formats: SubRip (https://www.matroska.org/technical/subtitles.html#srt-subtitles),
WebVTT (https://www.w3.org/TR/webvtt1/), LRC with the word times of its "enhanced" form
(https://en.wikipedia.org/wiki/LRC_(file_format)).
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tingshuo.errors import RequestError
from tingshuo.text.align import align
from tingshuo.text.split import split
from tingshuo.types import TimedSentence

LONGEST_LINE = 20
"""Chinese characters of a line; two Latin letters count as one."""
_OPENERS = frozenset("“‘「『《〈（([【〔｛{")


class Mark(NamedTuple):
    """A word of a cue begins at character ``at`` of its text, ``ms`` milliseconds into the audio."""

    at: int
    ms: int


@dataclass(frozen=True, slots=True)
class Cue:
    """One line on the screen: ``start_ms`` < ``end_ms``, one line of text, and where its words begin."""

    start_ms: int
    end_ms: int
    text: str
    words: tuple[Mark, ...] = ()


def cues(sentences: Sequence[TimedSentence], *, longest_line: int = LONGEST_LINE) -> list[Cue]:
    """Cut sentences into lines that can be read at a glance.

    Parameters
    ----------
    sentences : sequence of TimedSentence
        In the order of their times.
    longest_line : int
        Chinese characters of a line, at least 1.

    Returns
    -------
    list of Cue
        In order, each beginning when or after the one before ends. Sentences without text have none.
    """
    out: list[Cue] = []
    free_ms = 0
    for sentence in sentences:
        for cue in _lines(sentence, longest_line):
            start = max(cue.start_ms, free_ms)
            free_ms = max(cue.end_ms, start + 1)
            words = tuple(mark for mark in cue.words if start < mark.ms < free_ms)
            out.append(Cue(start, free_ms, cue.text, words))
    return out


def subtitles(sentences: Sequence[TimedSentence], format: str, *, words: bool = False, longest_line: int = LONGEST_LINE) -> str:
    """Write subtitles.

    Parameters
    ----------
    sentences : sequence of TimedSentence
        In the order of their times.
    format : str
        One of `FORMATS`.
    words : bool
        Write the time of every word into the line too (karaoke); ``vtt`` and ``lrc`` have a place for it.
    longest_line : int
        Chinese characters of a line.

    Returns
    -------
    str
        The file's text, lines ended by a line feed; to be written as UTF-8.

    Raises
    ------
    RequestError
        Unknown format, or word times in a format that has none.
    """
    if format not in _WRITERS:
        raise RequestError(f"unknown subtitle format {format!r}; accepted are {', '.join(FORMATS)}", "format")
    if words and format == "srt":
        raise RequestError("srt has no place for the times of words; accepted are vtt and lrc", "format")
    return _WRITERS[format](cues(sentences, longest_line=longest_line), words)


def _lines(sentence: TimedSentence, longest_line: int) -> Iterator[Cue]:
    """Cut one sentence into cues; a line without a word of its own is joined to the one before."""
    text = " ".join(sentence.text.split())
    if not text:
        return
    marks = _marks(sentence, text)
    ends_ms = [_ms(word.end_s) for word in sentence.words]
    first = 0
    line_start, begins = 0, _ms(sentence.start_s)
    for piece in split(text, budget=longest_line, first_budget=0):
        last = bisect_left(marks, piece.end, lo=first, key=lambda mark: mark.at)
        final = piece.end == len(text)
        if not final and (last == first or last == len(marks)):
            continue
        ends = _ms(sentence.end_s) if final else ends_ms[last - 1]
        line = text[line_start : piece.end]
        indent = len(line) - len(line.lstrip())
        words = tuple(Mark(max(mark.at - line_start - indent, 0), mark.ms) for mark in marks[first:last])
        yield Cue(begins, ends, line.strip(), words)
        if not final:
            first, line_start, begins = last, piece.end, marks[last].ms


def _marks(sentence: TimedSentence, text: str) -> list[Mark]:
    """Find where in the written text each spoken word begins; an opening quote or bracket goes with the word after it."""
    places = align(text, "".join(word.text for word in sentence.words))
    marks: list[Mark] = []
    done = 0
    for word in sentence.words:
        at = places[done] if done < len(places) else len(text)
        while at and text[at - 1] in _OPENERS:
            at -= 1
        marks.append(Mark(max(at, marks[-1].at) if marks else at, _ms(word.start_s)))
        done += len(word.text)
    return marks


def _ms(seconds: float) -> int:
    return max(round(seconds * 1000), 0)


def _clock(ms: int, comma: str) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{comma}{ms:03}"


def _lrc_clock(ms: int) -> str:
    minutes, centiseconds = divmod(ms // 10, 6000)
    return f"{minutes:02}:{centiseconds // 100:02}.{centiseconds % 100:02}"


def _with_times(cue: Cue, clock: Callable[[int], str], escape: Callable[[str], str]) -> str:
    """Write the time of each word but the first before it."""
    written, done, before_ms = "", 0, cue.start_ms
    for at, ms in cue.words:
        if at > done and ms > before_ms:
            written += escape(cue.text[done:at]) + f"<{clock(ms)}>"
            done, before_ms = at, ms
    return written + escape(cue.text[done:])


def _srt(lines: Sequence[Cue], words: bool) -> str:
    """Write SubRip, which knows no escapes: an arrow as in its time line becomes one character."""
    return "\n".join(
        f"{number}\n{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}\n{cue.text.replace('-->', '→')}\n"
        for number, cue in enumerate(lines, 1)
    )


def _vtt(lines: Sequence[Cue], words: bool) -> str:
    def escape(text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    def clock(ms: int) -> str:
        return _clock(ms, ".")

    blocks = ["WEBVTT\n"]
    for cue in lines:
        text = _with_times(cue, clock, escape) if words else escape(cue.text)
        blocks.append(f"{clock(cue.start_ms)} --> {clock(cue.end_ms)}\n{text}\n")
    return "\n".join(blocks)


def _lrc(lines: Sequence[Cue], words: bool) -> str:
    """Write LRC: brackets that a player would take for times become full-width; an empty line ends what nothing follows."""

    def escape(text: str) -> str:
        return re.sub(r"<(?=\d)", "＜", re.sub(r"\[(?=[\da-zA-Z]+:)", "［", text))

    out: list[str] = []
    for i, cue in enumerate(lines):
        text = f"<{_lrc_clock(cue.start_ms)}>{_with_times(cue, _lrc_clock, escape)}" if words else escape(cue.text)
        out.append(f"[{_lrc_clock(cue.start_ms)}]{text}\n")
        if i + 1 == len(lines):
            out.append(f"[{_lrc_clock(cue.end_ms)}]\n")
    return "".join(out)


_WRITERS: dict[str, Callable[[Sequence[Cue], bool], str]] = {"srt": _srt, "vtt": _vtt, "lrc": _lrc}
FORMATS = tuple(_WRITERS)
"""Names of the formats, which are also their file extensions."""
