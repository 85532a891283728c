"""The user's lexicon: a text file that says how words are pronounced, or what is said in their place.

One entry a line, UTF-8, ``#`` begins a comment::

    重庆 chong2 qing4         # a word and its pinyin, one syllable a hanzi, with tone digits or tone marks
    花儿 huar1                # 儿 that only colours the syllable before it has none of its own
    Qt K Y UW1 T              # a Latin word and its ARPAbet, vowels with their stress 0, 1 or 2
    GPT-4 => 吉皮提四          # what is written => what is said

A word whose entry is pinyin may have hanzi only, one whose entry is ARPAbet Latin letters only; what is written left of ``=>``
may have blanks. Letters are matched as written, and not inside longer Latin words: ``AI`` is not found in ``AIR``. Where entries
overlap the longer one holds.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from tingshuo.errors import TextError
from tingshuo.text.arpabet import read_arpabet
from tingshuo.text.inline import read_pinyin
from tingshuo.text.runs import Run, is_arpabet, is_hanzi

MAX_BYTES = 8 << 20
"""Largest lexicon file."""


@dataclass(frozen=True)
class UserLexicon:
    """The entries of a file.

    ``readings`` maps words to their syllables with tone digits, one a hanzi. ``merged`` does so for words with fewer syllables
    than hanzi (erhua), and maps Latin words to the ARPAbet of their syllables. ``replacements`` maps what is written to what is
    said.
    """

    readings: Mapping[str, tuple[str, ...]]
    merged: Mapping[str, tuple[str, ...]]
    replacements: Mapping[str, str]

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        keys = sorted({*self.replacements, *self.merged}, key=len, reverse=True)
        if not keys:
            return None
        return re.compile("|".join(_bounded(key) for key in keys))

    @cached_property
    def _words(self) -> re.Pattern[str] | None:
        return re.compile("|".join(sorted(self.readings, key=len, reverse=True))) if self.readings else None

    def readings_in(self, text: str) -> dict[str, tuple[str, ...]] | None:
        """Return the readings of the words that are in a text, None where there are none."""
        return {word: self.readings[word] for word in self._words.findall(text)} if self._words else None

    def apply(self, run: Run) -> Iterator[Run]:
        """Cut a run at the words that are replaced or merged; runs with a reading of their own stay as they are."""
        if self._pattern is None or run.spoken is not None or run.pinyin or not run.text:
            yield run
            return
        done = 0
        for match in self._pattern.finditer(run.text):
            if match.start() > done:
                yield Run(run.text[done : match.start()], run.prosody)
            yield Run(match[0], run.prosody, spoken=self.replacements.get(match[0]), pinyin=self.merged.get(match[0], ()))
            done = match.end()
        if done < len(run.text):
            yield Run(run.text[done:], run.prosody)


EMPTY = UserLexicon({}, {}, {})
"""No entries."""


def _bounded(key: str) -> str:
    """Return a pattern of a key that is not part of a longer Latin word or number."""
    before = r"(?<![0-9A-Za-z])" if key[0].isascii() and key[0].isalnum() else ""
    after = r"(?![0-9A-Za-z])" if key[-1].isascii() and key[-1].isalnum() else ""
    return before + re.escape(key) + after


def load_user_lexicon(path: Path) -> UserLexicon:
    """Read a lexicon file; as long as the file is the same, it is read once.

    Parameters
    ----------
    path : Path
        A UTF-8 text file in the form of this module's description.

    Raises
    ------
    TextError
        The file cannot be read, or a line is no entry; the message has path and line number.
    """
    try:
        stat = path.stat()
        return _load(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise TextError(f"the lexicon {path} cannot be read: {error.strerror}; give the path of a UTF-8 text file") from error


@lru_cache(maxsize=16)
def _load(path: Path, _changed_ns: int, size: int) -> UserLexicon:
    if size > MAX_BYTES:
        raise TextError(f"the lexicon {path} has {size} bytes; at most {MAX_BYTES} are read")
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TextError(f"the lexicon {path} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    readings: dict[str, tuple[str, ...]] = {}
    replacements: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        entry = re.sub(r"(?:^|\s)#.*", "", line).strip()
        if not entry:
            continue
        try:
            written, arrow, said = (part.strip() for part in entry.partition("=>"))
            if arrow:
                replacements[_filled(written)] = _filled(said)
            else:
                word, *syllables = entry.split()
                readings[word] = _reading(word, syllables)
        except TextError as error:
            raise TextError(f"{path} line {number}: {error}") from error
    whole = [word for word in readings if len(readings[word]) < len(word) or is_arpabet(readings[word][0])]
    merged = {word: readings.pop(word) for word in whole}
    return UserLexicon(readings, merged, replacements)


def _filled(part: str) -> str:
    if not part:
        raise TextError("both sides of => need text, such as GPT-4 => 吉皮提四")
    return part


def _reading(word: str, syllables: list[str]) -> tuple[str, ...]:
    """Check a word against its pinyin, or read the ARPAbet of a Latin word."""
    if re.fullmatch("[A-Za-z][A-Za-z'’-]*", word) and syllables and is_arpabet(syllables[0]):
        return tuple(" ".join(one) for one in read_arpabet(" ".join(syllables)))
    if not is_hanzi(word):
        raise TextError(
            f"{word!r} is not a word of hanzi, so it cannot have pinyin; "
            f"write {word} => what is said, or for a Latin word ARPAbet such as HH AH0 L OW1"
        )
    pinyin = tuple(map(read_pinyin, syllables))
    rhotic = sum(one[:-1].endswith("r") and len(one) > 3 for one in pinyin)
    silent = min(rhotic, word.count("儿"))
    if not len(word) - silent <= len(pinyin) <= len(word):
        raise TextError(f"{word!r} has {len(word)} hanzi and {len(pinyin)} syllables; give one syllable with tone a hanzi")
    return pinyin
