"""Latin words as English syllables, for voices that have English phones.

A word is, in this order: an entry of the hand table (*Wi-Fi*, *GitHub*), an entry of the CMU Pronouncing Dictionary
(BSD-2-Clause, Carnegie Mellon University; ``scripts/build_english.py``), an ending on such an entry (*Tokyo's*), letters one by
one (*CPU*), or read by the letter-to-sound rules of `tingshuo.text.loanwords`. Words of up to three capitals are spelled.

Words of grammar (*the*, *of*, *to*) lose their stress before another English word, as they do in speech.
"""

import re
import zlib
from functools import cache, lru_cache
from importlib.resources import files

from tingshuo.text.arpabet import english_syllable, from_notation, is_vowel, syllabify
from tingshuo.text.english import PIECE, fold, lookup, share_out
from tingshuo.text.loanwords import letters_to_phones
from tingshuo.types import Syllable

_LETTERS = (
    "a EY1, b B IY1, c S IY1, d D IY1, e IY1, f EH1 F, g JH IY1, h EY1 CH, i AY1, j JH EY1, k K EY1, l EH1 L, m EH1 M, n EH1 N, "
    "o OW1, p P IY1, q K Y UW1, r AA1 R, s EH1 S, t T IY1, u Y UW1, v V IY1, w D AH1 B AH0 L Y UW0, x EH1 K S, y W AY1, z Z IY1"
)
LETTERS: dict[str, tuple[str, ...]] = {row[0]: tuple(row[2:].split()) for row in _LETTERS.split(", ")}
"""Names of the letters."""

_SAID = (
    "wifi W AY1 F AY2, byebye B AY2 B AY1, iphone AY1 F OW2 N, ipad AY1 P AE2 D, imac AY1 M AE2 K, airpods EH1 R P AA2 D Z, "
    "app AE1 P, apps AE1 P S, tesla T EH1 S L AH0, opec OW1 P EH2 K, apec EY1 P EH2 K, asean AA1 S IY2 AA2 N, sars S AA1 R Z, "
    "nasa N AE1 S AH0, nato N EY1 T OW0, unesco Y UW0 N EH1 S K OW0, covid K OW1 V IH0 D, brexit B R EH1 K S IH0 T, "
    "chatgpt CH AE1 T JH IY2 P IY2 T IY1, openai OW2 P AH0 N EY2 AY1, deepseek D IY1 P S IY2 K, tiktok T IH1 K T AA2 K, "
    "wechat W IY1 CH AE2 T, cosplay K AA1 S P L EY2, vlog V L AA1 G, github G IH1 T HH AH2 B, gitlab G IH1 T L AE2 B, "
    "youtube Y UW1 T UW2 B, linux L IH1 N AH0 K S, ubuntu UH0 B UH1 N T UW0, nginx EH1 N JH IH0 N EH2 K S, json JH EY1 S AH0 N, "
    "yaml Y AE1 M AH0 L, mysql M AY2 EH2 S K Y UW2 EH1 L, docker D AA1 K ER0, kubernetes K UW2 B ER0 N EH1 T IY0 Z, "
    "huawei W AA1 W EY2, xiaomi SH AW1 M IY2, oppo AA1 P OW0, taobao T AW1 B AW2, alibaba AE2 L IY0 B AA1 B AH0, "
    "bilibili B IY2 L IY0 B IY1 L IY0, pytorch P AY1 T AO2 R CH, numpy N AH1 M P AY2, emoji IH0 M OW1 JH IY0, "
    "selfie S EH1 L F IY0, podcast P AA1 D K AE2 S T, bluetooth B L UW1 T UW2 TH, hashtag HH AE1 SH T AE2 G, gif G IH1 F, "
    "blockchain B L AA1 K CH EY2 N, bitcoin B IH1 T K OY2 N, uber UW1 B ER0, airbnb EH2 R B IY2 EH2 N B IY1, "
    "vs V ER1 S AH0 S, etc EH2 T S EH1 T ER0 AH0, mr M IH1 S T ER0, mrs M IH1 S IH0 Z, ms M IH1 Z, dr D AA1 K T ER0"
)
SAID: dict[str, tuple[str, ...]] = {row.split()[0]: tuple(row.split()[1:]) for row in _SAID.split(", ")}
"""Names and abbreviations that the dictionary lacks or says otherwise; lower case."""
SPELLED = frozenset(
    "ok ios pc tv dj iq eq qq usb diy ai ui mba nba cba api lol vip ktv ppt pk gps cpu gpu pdf ceo cfo cto".split()
)
"""Abbreviations that are read letter by letter in small letters too."""

_WEAK = frozenset(
    "a an the of to and in is it for on at or as am are was were be been but by from has have had he her him his its me my our "
    "she that than them their this us we will with would your you can could do does must shall should some there if so".split()
)
"""Words of grammar that have no stress before another word."""


def say_english(word: str, following: str = "") -> list[Syllable]:
    """Say a Latin word in English.

    Parameters
    ----------
    word : str
        Latin letters, accents, apostrophes and hyphens allowed: ``"iPhone"``, ``"CPU"``, ``"don't"``.
    following : str
        The English word after it when nothing but a blank parts them; then *a* is the article and words of grammar are weak.

    Returns
    -------
    list of Syllable
        Their ``hanzi`` concatenate to ``word``. Empty when there is nothing to say.
    """
    plain = fold(word)
    lower = plain.lower()
    if following and lower in _WEAK and (not word.isupper() or following[:1].islower()):
        return _shared(word, _weak(lower, fold(following).lower()))
    if phones := _whole(plain):
        return _shared(word, phones)
    pieces = list(PIECE.finditer(plain)) if len(plain) == len(word) else []
    if not pieces:
        return _piece(word, plain)
    out: list[Syllable] = []
    for i, piece in enumerate(pieces):
        start = 0 if i == 0 else piece.start()
        end = pieces[i + 1].start() if i + 1 < len(pieces) else len(word)
        out += _piece(word[start:end], piece[0])
    return out


def _weak(word: str, following: str) -> tuple[str, ...]:
    """Return the phones of a word of grammar before another word."""
    if word == "a":
        return ("AH0",)
    if word == "the":
        return ("DH", "IY0" if following[:1] in "aeiou" else "AH0")
    return tuple(phone[:-1] + "0" if is_vowel(phone) else phone for phone in _look_up(word))


def _whole(word: str) -> tuple[str, ...]:
    """Return the phones of a word that a table has; none where it is spelled, or has to be cut."""
    key = re.sub("[^a-z]", "", word.lower())
    if len(key) < 2 or key in SPELLED:
        return ()
    if key in SAID:
        return SAID[key]
    if word.isupper() and (len(key) < 4 or not re.search("[aeiouy]", key)):
        return ()
    return _look_up(word.lower())


@lru_cache(maxsize=4096)
def _look_up(word: str) -> tuple[str, ...]:
    """Return the phones of a lower-case word that the tables have, or of an ending on one; none where they do not."""
    key = word.replace("'", "")
    for one in (word, key):
        if one in SAID:
            return SAID[one]
        if phones := lookup(one) or _in_rest(one):
            return from_notation(phones)
    for ending in ("'s", "'"):
        if word.endswith(ending) and (base := _look_up(word.removesuffix(ending))):
            return base if word.endswith("s'") else (*base, *_s_after(base[-1]))
    if len(key) > 3 and key.endswith("s") and not key.endswith("ss") and (base := _look_up(key[:-1])):
        return (*base, *_s_after(base[-1]))
    return ()


def _s_after(phone: str) -> tuple[str, ...]:
    """Return how the s of a plural or a genitive sounds after a phone."""
    if phone in ("S", "Z", "SH", "ZH", "CH", "JH"):
        return ("IH0", "Z")
    return ("S",) if phone in ("P", "T", "K", "F", "TH") else ("Z",)


def _in_rest(word: str) -> str:
    """Look a word up in the part of the dictionary that loanwords do not use; "" when it is not there."""
    table = _rest()
    start = table.find(f"\n{word} ", _first_with(word[:1]))
    return table[start + len(word) + 2 : table.index("\n", start + 1)] if start >= 0 else ""


@cache
def _first_with(letter: str) -> int:
    return max(_rest().find(f"\n{letter}"), 0)


@cache
def _rest() -> str:
    return "\n" + zlib.decompress((files("tingshuo.text") / "data" / "english_rest.txt.z").read_bytes()).decode("ascii") + "\n"


def _piece(written: str, piece: str) -> list[Syllable]:
    """Say one part of a compound such as You|Tube or Chat|GPT."""
    if phones := _whole(piece):
        return _shared(written, phones)
    letters = re.sub("[^a-z]", "", piece.lower())
    if not letters:
        return []
    if piece.isupper() or letters in SPELLED or len(letters) == 1 or not re.search("[aeiouy]", letters):
        return spell_out(written)
    return _shared(written, from_notation(letters_to_phones(letters)))


def spell_out(written: str) -> list[Syllable]:
    """Name letters one by one; the last has the main stress, as in *CPU*. Marks go with the letter before them."""
    named: list[tuple[str, tuple[str, ...]]] = []
    waiting = ""
    for char in written:
        names = [LETTERS[letter] for letter in fold(char).lower() if letter in LETTERS]
        if names:
            named.append((waiting + char, tuple(phone for name in names for phone in name)))
            waiting = ""
        elif named:
            named[-1] = named[-1][0] + char, named[-1][1]
        else:
            waiting += char
    out: list[Syllable] = []
    for i, (letters, phones) in enumerate(named):
        if i + 1 < len(named):
            phones = tuple(phone.replace("1", "2") for phone in phones)
        out += [english_syllable(letters if k == 0 else "", one) for k, one in enumerate(syllabify(phones))]
    return out


def _shared(written: str, phones: tuple[str, ...]) -> list[Syllable]:
    """Cut phones into syllables, and share out the letters that they stand for."""
    syllables = syllabify(phones)
    letters = share_out(written, [len(one) for one in syllables])
    return [english_syllable(*pair) for pair in zip(letters, syllables, strict=True)]
