"""Pinyin syllables, English syllables, and the phone symbols that the voices are trained on.

A Mandarin syllable is an initial (may be empty) and a final, each one phone, and the phone ``R`` when it is rhotacised (erhua).
An English syllable is a sequence of ARPAbet phones, ``en:HH en:AH``. Every phone of a syllable carries its tone, in English the
stress of the syllable. A sentence is four parallel int64 sequences of N phones: id, tone (0 = silence, 1-5 Mandarin, 6-8
English), position (0 = silence, 1 = first phone of a word, 2 = inside a word) and the pause that was asked for in milliseconds.

Finals are spelled out: ``iou`` for *liu*, ``uei`` for *gui*, ``uen`` for *lun*; ``ii`` is the vowel of *zi ci si*, ``iii`` that
of *zhi chi shi ri*, ``v`` is u-umlaut. Source of the letters: Hanyu Pinyin (GB/T 16159-2012, ISO 7098:2015). The English
phones are those of the CMU Pronouncing Dictionary.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import TextError
from tingshuo.types import Syllable, Word

# The order of these three tables is the order of the embedding rows of trained voices: append, never reorder.
INITIALS = ("zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "r", "z", "c", "s")
"""The 21 initials; two letters first, so that the first match is the longest."""
_FINALS = (
    "a ai an ang ao e ei en eng er i ia ian iang iao ie ii iii in ing io iong iou "
    "o ong ou u ua uai uan uang uei uen ueng uo v van ve vn"
)
FINALS = tuple(_FINALS.split())
"""The 39 finals."""
PAD, SILENCE, PAUSE, ERHUA = "_", "sil", "sp", "R"
PHONES = (PAD, SILENCE, PAUSE, *INITIALS, *FINALS, ERHUA, "ue")
"""All 65 phones of Mandarin. ``ue`` is a row that trained voices have and no syllable uses."""
ARPABET = tuple("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split())
"""The 39 phones of English, 15 vowels first; no marks for stress."""
ENGLISH = "en:"
"""Begins the symbol of an English phone, so that the R of *red* is not the R of erhua."""
ENGLISH_PHONES = tuple(ENGLISH + phone for phone in ARPABET)
ALL_PHONES = (*PHONES, *ENGLISH_PHONES)
"""The phones of a voice that speaks English words as English: those of Mandarin first, in the same rows."""
UNSTRESSED, SECONDARY, PRIMARY = 6, 7, 8
"""Tones of English syllables."""
MANDARIN_TONES, ALL_TONES = 6, 9
"""Rows of the tone table of a voice without and with English phones."""

_NEAREST = (
    "AA a, AE ai, AH e, AO o, AW ao, AY ai, EH ei, ER er, EY ei, IH i, IY i, OW ou, OY o, UH u, UW u, B b, CH ch, D d, DH d, "
    "F f, G g, HH h, JH zh, K k, L l, M m, N n, NG n, P p, R r, S s, SH sh, T t, TH s, V f, W u, Y i, Z s, ZH r"
)
NEAREST = {ENGLISH + phone: mandarin for phone, mandarin in (row.split() for row in _NEAREST.split(", "))}
"""English phone to the Mandarin phone that sounds most like it, from which a voice that learns English begins; own choice, after
the places and manners of articulation in the IPA charts of Lee and Zee (2003) for Mandarin and Ladefoged (1999) for English."""
NEAREST_TONES = {UNSTRESSED: 5, SECONDARY: 1, PRIMARY: 4}
"""Stress to the Mandarin tone most like it: none is neutral, secondary is high, primary falls from high."""

_OPEN = "a ai an ang ao e en eng ou u uan uei uen uo"
_FINALS_AFTER = {
    "": _FINALS.replace(" ii iii ", " ").replace(" ong ", " "),
    "b": "a ai an ang ao ei en eng i ian iang iao ie in ing o u",
    "p": "a ai an ang ao ei en eng i ia ian iao ie in ing o ou u",
    "m": "a ai an ang ao e ei en eng i ian iao ie in ing iou o ou u",
    "f": "a ai an ang ei en eng iao o ou u",
    "d": f"{_OPEN} ei i ia ian iao ie in ing iou ong",
    "t": f"{_OPEN} ei i ian iao ie ing ong",
    "n": "a ai an ang ao e ei en eng i ia ian iang iao ie in ing iou ong ou u uan uen uo v ve",
    "l": "a ai an ang ao e ei eng i ia ian iang iao ie in ing iou o ong ou u uan uen uo v van ve",
    "g": f"{_OPEN} ei ong ua uai uang",
    "k": f"{_OPEN} ei ong ua uai uang",
    "h": f"{_OPEN} ei ong ua uai uang",
    "j": "i ia ian iang iao ie in ing iong iou v van ve vn",
    "q": "i ia ian iang iao ie in ing iong iou v van ve vn",
    "x": "i ia ian iang iao ie in ing iong iou v van ve vn",
    "zh": f"{_OPEN} ei iii ong ua uai uang",
    "ch": f"{_OPEN} iii ong ua uai uang",
    "sh": f"{_OPEN} ei iii ua uai uang",
    "r": "an ang ao e en eng iii ong ou u ua uan uei uen uo",
    "z": f"{_OPEN} ei ii ong",
    "c": f"{_OPEN} ei ii ong",
    "s": f"{_OPEN} ei ii ong",
}
FINALS_AFTER: dict[str, frozenset[str]] = {initial: frozenset(finals.split()) for initial, finals in _FINALS_AFTER.items()}
"""Which finals Mandarin allows after which initial, rare interjections (*dia*, *biang*, *tei*) included."""

_SPELLED_OUT = {"iu": "iou", "ui": "uei", "un": "uen", "ue": "ve"}
_HUMMED = {"n": ("", "en"), "ng": ("", "en"), "hm": ("", "en"), "hng": ("", "en"), "m": ("m", "u")}
"""Interjections without a vowel (嗯 呣 哼) and the nearest syllable that a voice knows."""
_SYLLABLE = re.compile(r"([a-z]+)([1-5]?)")


class SyllableParts(NamedTuple):
    """The parts of a syllable: phones ``initial`` (may be empty) and ``final``, ``tone`` 1-5, ``erhua``."""

    initial: str
    final: str
    tone: int
    erhua: bool


def split_syllable(pinyin: str) -> SyllableParts:
    """Split a pinyin syllable into its phones.

    Parameters
    ----------
    pinyin : str
        Letters and a tone digit 1-5, such as ``zhong1``, ``lv4`` (also ``lü4``, ``lu:4``), ``dianr3`` (erhua), ``er2``.
        Without a digit the tone is neutral (5).

    Returns
    -------
    SyllableParts
        ``split_syllable("dianr3")`` is ``("d", "ian", 3, True)``.

    Raises
    ------
    TextError
        Not a Mandarin syllable.
    """
    match = _SYLLABLE.fullmatch(pinyin.replace("u:", "v").replace("ü", "v"))
    if not match:
        raise _not_a_syllable(pinyin)
    body, tone = match[1], int(match[2] or 5)
    erhua = len(body) > 2 and body.endswith("r")
    initial, final = _phones_of(body[:-1] if erhua else body)
    if final not in FINALS_AFTER[initial]:
        raise _not_a_syllable(pinyin)
    return SyllableParts(initial, final, tone, erhua)


def _phones_of(body: str) -> tuple[str, str]:
    """Split letters without tone and erhua into an initial and what should be a final."""
    if body in _HUMMED:
        return _HUMMED[body]
    if body[0] == "y":  # yu stands for v, yi for i, any other y for i
        rest = body[1:]
        return "", "v" + rest[1:] if rest.startswith("u") else rest if rest.startswith("i") else "i" + rest
    if body[0] == "w":  # wu stands for u, any other w for u
        rest = body[1:]
        return "", rest if rest.startswith("u") else "u" + rest
    initial = next((one for one in INITIALS if body.startswith(one)), "")
    final = body[len(initial) :]
    if initial in ("j", "q", "x") and final.startswith("u"):
        final = "v" + final[1:]
    elif final == "i" and initial in ("z", "c", "s"):
        final = "ii"
    elif final == "i" and initial in ("zh", "ch", "sh", "r"):
        final = "iii"
    elif initial:
        final = _SPELLED_OUT.get(final, final)
    return initial, final


def _not_a_syllable(pinyin: str) -> TextError:
    return TextError(f"{pinyin!r} is not a Mandarin syllable; write letters and a tone digit 1-5, such as zhong1, lv4 or dianr3")


def make_syllable(hanzi: str, pinyin: str) -> Syllable:
    """Build a `Syllable` from its pinyin, which gets tone digit 5 if it has none and ``v`` for every u-umlaut.

    Raises
    ------
    TextError
        ``pinyin`` is not a Mandarin syllable.
    """
    return Syllable(hanzi, *_checked(pinyin))


@lru_cache(maxsize=4096)
def _checked(pinyin: str) -> tuple[str, str, str, int, bool]:
    parts = split_syllable(pinyin)
    body = pinyin.replace("u:", "v").replace("ü", "v").rstrip("12345")
    return f"{body}{parts.tone}", parts.initial, parts.final, parts.tone, parts.erhua


@dataclass(frozen=True, slots=True)
class PhoneSequence:
    """A sentence as N phones; every array is int64 of shape (N,).

    ``ids`` are rows of the phone table, ``tones`` 0-8, ``positions`` 0-2 (module docstring). ``word_index`` and
    ``syllable_index`` say which word of the sentence and which syllable of that word a phone belongs to, -1 for silence.
    ``pause_ms`` is what a silence was asked to last, 0 where nothing was asked.
    """

    ids: NDArray[np.int64]
    tones: NDArray[np.int64]
    positions: NDArray[np.int64]
    word_index: NDArray[np.int64]
    syllable_index: NDArray[np.int64]
    pause_ms: NDArray[np.int64]


def has_english(phonemes: Sequence[str]) -> bool:
    """Tell whether a voice with this phone table speaks English words with English phones."""
    return set(ENGLISH_PHONES) <= set(phonemes)


def encode(words: Sequence[Word], phonemes: Sequence[str] = ALL_PHONES) -> PhoneSequence:
    """Turn words into the phone sequence that an acoustic model reads.

    Silence opens and closes the sequence. A run of pauses between words is one ``sp`` that asks for the longest of them; pauses
    before the first and after the last spoken word ask the same of the opening and closing silence.

    Parameters
    ----------
    words : sequence of Word
        Words and pauses of one sentence.
    phonemes : sequence of str
        Phone table of the voice; the index of a phone is its id. The default gives Mandarin phones the ids of `PHONES`.

    Returns
    -------
    PhoneSequence
        N phones, at least the two silences.

    Raises
    ------
    TextError
        The voice's table lacks a phone that a syllable needs.
    """
    index = _index_of(tuple(phonemes))
    rows: list[tuple[int, int, int, int, int, int]] = []
    asked = 0
    for w, word in enumerate(words):
        if not word.syllables:
            asked = max(asked, word.pause_ms)
            continue
        if not rows:
            rows.append((_id(index, SILENCE), 0, 0, -1, -1, asked))
        elif asked:
            rows.append((_id(index, PAUSE), 0, 0, -1, -1, asked))
        asked, position = 0, 1
        for s, syllable in enumerate(word.syllables):
            for phone in syllable.phones or (syllable.initial, syllable.final, ERHUA if syllable.erhua else ""):
                if phone:
                    rows.append((_id(index, phone), syllable.tone, position, w, s, 0))
                    position = 2
    if not rows:
        rows.append((_id(index, SILENCE), 0, 0, -1, -1, 0))
    rows.append((_id(index, SILENCE), 0, 0, -1, -1, asked))
    return PhoneSequence(*np.array(rows, dtype=np.int64).T.copy())


@lru_cache(maxsize=8)
def _index_of(phonemes: tuple[str, ...]) -> dict[str, int]:
    return {phone: i for i, phone in enumerate(phonemes)}


def _id(index: dict[str, int], phone: str) -> int:
    try:
        return index[phone]
    except KeyError:
        raise TextError(f"this voice has no phone {phone!r}; it knows {', '.join(index)}") from None
