"""What Piper's voices are given: phonemes by a table of the voice, between marks for begin, end and filling.

Three kinds of voices. ``espeak``: characters of what eSpeak NG writes; for Mandarin we write them ourselves
(`tingshuo.text.foreign.espeak_mandarin`). ``text``: characters of the text. ``pinyin``: initial, final and tone of each syllable,
the initials as they are spelt (``y`` and ``w`` too), ``Ø`` where there is none.

The filling stands after the begin and after every phoneme; where a voice reads pinyin, after each syllable alone. Without the one
after the begin the first phoneme of a sentence is swallowed.

Sources: TRAINING.md and the settings files of https://github.com/rhasspy/piper (MIT); issue 3752, the lexicon and the front end
of https://github.com/k2-fsa/sherpa-onnx (Apache-2.0) for voices that read pinyin; what piper-phonemize 1.1.0 answers.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import TextError
from tingshuo.text.foreign.espeak_mandarin import english_syllable, mandarin_syllable
from tingshuo.types import Word

Owned = tuple[str, int, int]
"""A phoneme, the word that it is of and the syllable of that word."""
KINDS = ("espeak", "text", "pinyin")
FILL, BEGIN, END = "_", "^", "$"
NO_INITIAL = "Ø"
_TONES = "12345"
_SPELT = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?([a-z]+?)(r?)([1-5])")
_MARKS = {
    ",": ",，、", "，": "，,、", "、": "、，,", ".": ".。", "。": "。.", "!": "!！", "！": "！!", "?": "?？", "？": "？?",
    ";": ";；,，", "；": "；;，,", ":": ":：,，", "：": "：:，,", "…": "…。.", "—": "—，,",
}  # fmt: skip
"""Marks by which a mark is said, best first."""
_ASCII = str.maketrans("，、。！？；：", ",,.!?;:")


@dataclass(frozen=True, slots=True)
class Encoded:
    """A sentence as a voice is given it."""

    ids: NDArray[np.int64]
    """(N,)."""
    skipped: tuple[str, ...]
    """Phonemes that the voice does not know, each once: to be told, never to be swallowed in silence."""
    of: NDArray[np.int64]
    """(N,), the phoneme that each id is of or follows, -1 for the marks of begin and end."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The phonemes of a voice."""

    kind: str
    """One of `KINDS`."""
    ids: Mapping[str, tuple[int, ...]]
    """Phoneme to rows of the table."""
    espeak_voice: str = ""
    """Of eSpeak NG; for voices of that kind."""

    @property
    def is_mandarin(self) -> bool:
        """Whether our own front end serves it."""
        return self.kind == "pinyin" or (self.kind == "espeak" and self.espeak_voice in ("cmn", "zh"))

    def encode(self, phonemes: Sequence[str]) -> Encoded:
        """Return the ids of a sentence.

        Raises
        ------
        TextError
            The voice knows none of the phonemes, or has no begin, end or filling.
        """
        missing = [mark for mark in (BEGIN, END, FILL) if mark not in self.ids]
        if missing:
            raise TextError(f"the table of this voice has no {missing[0]!r}, so a sentence cannot be marked")
        known = [(place, phoneme) for place, phoneme in enumerate(phonemes) if phoneme in self.ids]
        skipped = tuple(dict.fromkeys(phoneme for phoneme in phonemes if phoneme not in self.ids))
        if not known:
            raise TextError("this voice knows no phoneme of the sentence" + (f", such as {skipped[0]!r}" if skipped else ""))
        fill, found = self.ids[FILL], [*self.ids[BEGIN]]
        found += () if self.kind == "pinyin" else fill
        of = [-1] * len(found)
        for place, phoneme in known:
            found += self.ids[phoneme]
            if self.kind != "pinyin" or phoneme in _TONES:
                found += fill
            of += [place] * (len(found) - len(of))
        found += self.ids[END]
        of += [-1] * (len(found) - len(of))
        return Encoded(np.array(found, np.int64), skipped, np.array(of, np.int64))

    def mark(self, written: str) -> str | None:
        """Return the phoneme that a punctuation mark is said by; None where the voice has nothing like it."""
        return next((mark for mark in _MARKS.get(written, written) if mark in self.ids), None)


def mandarin_phonemes(words: Sequence[Word], inventory: Inventory) -> tuple[str, ...]:
    """Return the phonemes of a Mandarin sentence, English words in it included where the voice has letters for them.

    Parameters
    ----------
    words : sequence of Word
        Words and pauses; how long a pause is asked to last cannot be said, which mark it was can.
    inventory : Inventory
        Of a voice for which ``is_mandarin``.

    Raises
    ------
    TextError
        The voice is not for Mandarin, or a voice that reads pinyin meets an English word.
    """
    return tuple(phoneme for phoneme, _, _ in owned_phonemes(words, inventory))


def owned_phonemes(words: Sequence[Word], inventory: Inventory) -> tuple[Owned, ...]:
    """Return what `mandarin_phonemes` does, each phoneme with its word and the syllable of it, -1 for what stands between."""
    if not inventory.is_mandarin:
        raise TextError(f"this voice is not for Mandarin, it reads {inventory.espeak_voice or inventory.kind}")
    return tuple((_pinyin if inventory.kind == "pinyin" else _letters)(words, inventory))


def _letters(words: Sequence[Word], inventory: Inventory) -> list[Owned]:
    """Write as eSpeak NG does: spaces between syllables, as between most of the words that it knows, a mark right behind."""
    written: list[Owned] = []
    space = (" ", -1, -1)
    for w, word in enumerate(words):
        english = bool(word.syllables) and bool(word.syllables[0].phones)
        for k, syllable in enumerate(word.syllables):
            spelt = english_syllable(syllable.pinyin) if english else mandarin_syllable(syllable.pinyin)
            written += [(letter, w, k) for letter in spelt]
            written += [space] if not english or k == len(word.syllables) - 1 else []
        if not word.syllables and written and (mark := inventory.mark(word.text[:1].translate(_ASCII))) is not None:
            written = [*(written[:-1] if written[-1] == space else written), (mark, -1, -1), space]
    return written[:-1] if written and written[-1] == space else written


def _pinyin(words: Sequence[Word], inventory: Inventory) -> Iterator[Owned]:
    for w, word in enumerate(words):
        for k, syllable in enumerate(word.syllables):
            if syllable.phones:
                raise TextError(f"this voice reads Mandarin alone and cannot say {word.text!r}; write it in characters")
            yield from ((phoneme, w, k) for phoneme in pinyin_phonemes(syllable.pinyin, inventory.ids))
        if not word.syllables and (mark := inventory.mark(word.text[:1])) is not None:
            yield mark, -1, -1


def pinyin_phonemes(pinyin: str, known: Mapping[str, object]) -> tuple[str, ...]:
    """Return initial, final and tone of a syllable as it is spelt; erhua is a second syllable.

    Parameters
    ----------
    pinyin : str
        Letters and a tone digit, ``v`` for u-umlaut: ``zhong1``, ``lv4``, ``dianr3``.
    known : mapping
        Phonemes of the voice: they decide whether *jue2* is ``j ue`` or ``j ve``.

    Raises
    ------
    TextError
        Not a syllable.
    """
    found = _SPELT.fullmatch(pinyin.replace("u:", "v").replace("ü", "v"))
    if found is None:
        raise TextError(f"{pinyin!r} is not a Mandarin syllable; write letters and a tone digit 1-5, such as zhong1")
    initial, final, erhua, tone = found.groups()
    if erhua and not initial and final == "e":
        final, erhua = "er", ""
    swapped = {"u": "v", "v": "u"}.get(final[0], final[0]) + final[1:]
    if final not in known and swapped in known and initial in ("j", "q", "x", "y", "n", "l"):
        final = swapped
    first = (initial or NO_INITIAL, final, tone)
    return (*first, NO_INITIAL, "er", "2") if erhua else first


def text_phonemes(text: str) -> tuple[str, ...]:
    """Return the characters of a text for a voice that reads text: lower case, accents as characters of their own."""
    return tuple(unicodedata.normalize("NFD", text.casefold()))
