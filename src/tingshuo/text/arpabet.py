"""English phones as syllables: ARPAbet with stress, *hello* being ``HH AH0`` and ``L OW1``.

Consonants between two vowels go to the syllable of the second as far as English words can begin with them (maximal onset), so
*extra* is ``EH1 K`` and ``S T R AH0``. A word without a vowel (*shh*) is one syllable without stress.

Source of the phones: CMU Pronouncing Dictionary; of the onsets: D. Kahn, *Syllable-based Generalizations in English Phonology*
(1976), ch. II.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from tingshuo.errors import TextError
from tingshuo.text.loanwords import NOTATION
from tingshuo.text.symbols import ARPABET, ENGLISH, PRIMARY, SECONDARY, UNSTRESSED
from tingshuo.types import Syllable

VOWELS = frozenset(ARPABET[:15])
_STRESSES = {"0": UNSTRESSED, "1": PRIMARY, "2": SECONDARY}
_SYMBOLS = {char: phone for phone, char in NOTATION.items()}
_ONSETS = frozenset(
    tuple(onset.split())
    for onset in (
        "P L,P R,P Y,B L,B R,B Y,T R,T W,D R,D W,K L,K R,K W,K Y,G L,G R,G W,F L,F R,F Y,TH R,TH W,SH R,HH Y,HH W,M Y,N Y,V Y,"
        "S P,S T,S K,S M,S N,S L,S W,S F,S P L,S P R,S P Y,S T R,S K L,S K R,S K W,S K Y"
    ).split(",")
)
_ARPABET_FORM = re.compile("([A-Z]{1,2})([012]?)")


def from_notation(phones: str) -> tuple[str, ...]:
    """Turn the notation of the dictionary into ARPAbet: ``"HulO1"`` into ``("HH", "AH0", "L", "OW1")``."""
    out: list[str] = []
    for char in phones:
        if char in "12":
            out[-1] = out[-1][:-1] + char
        else:
            phone = _SYMBOLS[char]
            out.append(phone + "0" if phone in VOWELS else phone)
    return tuple(out)


def to_notation(phones: Sequence[str]) -> str:
    """Turn ARPAbet into the notation of the dictionary."""
    return "".join(NOTATION[phone.rstrip("012")] + phone[len(phone.rstrip("012")) :].replace("0", "") for phone in phones)


def is_vowel(phone: str) -> bool:
    """Tell whether an ARPAbet phone, with or without its stress, is a vowel."""
    return phone.rstrip("012") in VOWELS


def syllabify(phones: Sequence[str]) -> list[tuple[str, ...]]:
    """Cut the phones of a word into syllables of one vowel each; no phones are no syllables.

    Parameters
    ----------
    phones : sequence of str
        ARPAbet, vowels with stress: ``("HH", "AH0", "L", "OW1")``.
    """
    vowels = [k for k, phone in enumerate(phones) if is_vowel(phone)]
    starts = [0]
    for left, right in pairwise(vowels):
        starts.append(right - _onset(phones[left + 1 : right]))
    return [tuple(phones[start:end]) for start, end in zip(starts, [*starts[1:], len(phones)], strict=True) if end > start]


def _onset(consonants: Sequence[str]) -> int:
    """Return how many of the last consonants begin the syllable that follows."""
    for n in (3, 2):
        if len(consonants) >= n and tuple(consonants[-n:]) in _ONSETS:
            return n
    return 1 if consonants and consonants[-1] != "NG" else 0


def english_syllable(letters: str, phones: Sequence[str]) -> Syllable:
    """Build a syllable from ARPAbet, its vowel with stress: ``("L", "OW1")``."""
    stress = next((phone[-1] for phone in phones if is_vowel(phone)), "0")
    symbols = tuple(ENGLISH + phone.rstrip("012") for phone in phones)
    return Syllable(letters, " ".join(phones), "", "", _STRESSES[stress], phones=symbols)


def read_arpabet(written: str) -> list[tuple[str, ...]]:
    """Read the pronunciation of an English word.

    Parameters
    ----------
    written : str
        ARPAbet phones parted by blanks, vowels with 1 (stressed), 2 (half stressed) or 0: ``HH AH0 L OW1``. A vowel without a
        digit is unstressed, but in a word of one vowel it is stressed. Dots or hyphens may part syllables: ``HH AH0 . L OW1``.

    Returns
    -------
    list of tuple of str
        Phones of each syllable.

    Raises
    ------
    TextError
        Not ARPAbet; the message names the phone.
    """
    parts = [part.split() for part in re.split(r"[.\-]", written.upper())]
    phones = [phone for part in parts for phone in part]
    if not phones:
        raise TextError("there are no ARPAbet phones; write them like HH AH0 L OW1")
    for phone in phones:
        match = _ARPABET_FORM.fullmatch(phone)
        if not match or match[1] not in ARPABET or (match[2] and match[1] not in VOWELS):
            raise TextError(
                f"{phone!r} is not an ARPAbet phone; accepted are {' '.join(ARPABET)}, vowels followed by a stress 0, 1 or 2"
            )
    default = "1" if sum(map(is_vowel, phones)) == 1 else "0"
    marked = [[phone + default if phone in VOWELS else phone for phone in part] for part in parts]
    if len(marked) == 1:
        return syllabify(marked[0])
    for part in marked:
        if sum(map(is_vowel, part)) != 1:
            raise TextError(f"the syllable {' '.join(part)!r} needs exactly one vowel; write syllables like HH AH0 . L OW1")
    return [tuple(part) for part in marked]
