"""Latin words and letters spoken by a Mandarin voice.

A word is, in this order: an entry of the hand table (*OK*, *Wi-Fi*), letters one by one (*CPU*), an entry of the dictionary
derived from CMUdict (BSD-2-Clause, Carnegie Mellon University; ``scripts/build_english.py``), or read by letter-to-sound rules.
Its English phones become Mandarin syllables in `tingshuo.text.loanwords`.
"""

import re
import unicodedata
import zlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from tingshuo.text.loanwords import letters_to_phones, phones_to_syllables

_LETTERS = (
    "a ei1, b bi4, c sei1, d di4, e yi4, f ai2 fu5, g ji4, h ei2 chi5, i ai4, j zhei4, k kei4, l ai2 lou5, m ai2 mu5, n en1, "
    "o ou1, p pi4, q qiu1, r a4 er5, s ai2 si5, t ti4, u you1, v wei4, w da2 bu5 liu5, x ai4 ke5 si5, y wai4, z zei4"
)
LETTERS: dict[str, tuple[str, ...]] = {row[0]: tuple(row[2:].split()) for row in _LETTERS.split(", ")}
"""Names of the letters as Mandarin speakers say them."""

_HAND = {
    "ok": "ou1 kei4", "okay": "ou1 kei4", "wifi": "wai1 fai4", "hello": "ha1 lou5", "hi": "hai4", "bye": "bai4",
    "byebye": "bai2 bai4", "iphone": "ai4 feng1", "ipad": "ai4 pai4 de5", "app": "ai1 pu5", "apps": "ai1 pu5 si5",
    "email": "yi1 mei4 er5", "google": "gu1 gou5", "facebook": "fei1 si5 bu4 ke5", "youtube": "you1 tu4 bu5",
    "python": "pai4 sen5", "linux": "li1 nei5 ke5 si5", "java": "zha1 wa5", "windows": "wen1 dou5 si5", "office": "ao1 fei5 si5",
    "coffee": "kao1 fei5", "party": "pa1 ti5", "show": "xiu4", "cool": "ku4", "bug": "ba1 ge5", "logo": "lou1 gou5",
    "pizza": "pi1 sa4", "tesla": "tai4 si5 la1", "nasa": "nei4 sa1", "opec": "ou1 pei4 ke5", "nato": "nei4 tou1",
    "unesco": "you2 nai4 si5 kou5", "apec": "ei1 pei4 ke5", "asean": "ya4 xi1 an5", "aids": "ai4 zi1", "sars": "sa1 si5",
    "vip": "wei4 ai1 pi4", "pk": "pi4 kei1", "ktv": "kei4 ti4 wei1", "chatgpt": "chai4 te5 ji4 pi4 ti4",
    "openai": "ou1 pen5 ei1 ai4", "deepseek": "di4 pu5 xi4 ke5", "tiktok": "ti1 ke5 tao4 ke5", "wechat": "wei1 qie4 te5",
    "iq": "ai4 qiu1", "eq": "yi4 qiu1", "qq": "qiu1 qiu1", "cosplay": "kou1 si5 pu5 lei5", "vlog": "wei1 lao4 ge5",
    "blog": "bu5 lao4 ge5", "sim": "xi4 mu5", "pin": "pin4", "lol": "ai2 lou5 ou1 ai2 lou5", "github": "ji1 te5 ha4 bu5",
    "android": "an1 zhuo2", "mp3": "ai2 mu5 pi4 san1", "ppt": "pi4 pi4 ti4", "diy": "di4 ai1 wai4", "nba": "en1 bi4 ei1",
    "cba": "sei1 bi4 ei1",
}  # fmt: skip
_SMALL = {
    "the": "de5", "an": "an4", "of": "ou4 fu5", "to": "tu4", "and": "an4 de5", "in": "yin4", "is": "yi4 zi5", "it": "yi4 te5",
    "on": "ang4", "at": "ai4 te5", "or": "ou4 er5", "us": "a4 si5", "am": "ai4 mu5", "we": "wei4", "me": "mi4", "he": "xi4",
}  # fmt: skip
SMALL: dict[str, tuple[str, ...]] = {word: tuple(pinyin.split()) for word, pinyin in _SMALL.items()}
"""English function words; in capitals the same letters are spelled (IT, US)."""
HAND: dict[str, tuple[str, ...]] = {word: tuple(pinyin.split()) for word, pinyin in _HAND.items()}
"""Words whose usual Chinese rendering is not what the rules would give, and abbreviations that are read as words."""

PIECE = re.compile("[A-Z]+(?![a-z'])|[A-Z]?[a-z][a-z']*|[A-Z]")
"""One part of a compound: You|Tube, Chat|GPT."""
_FALLBACK_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ł": "l", "ı": "i"})


def pronounce(word: str) -> list[tuple[str, str]]:
    """Say a Latin word.

    Parameters
    ----------
    word : str
        Latin letters, accents and apostrophes allowed: ``"iPhone"``, ``"CPU"``, ``"don't"``, ``"café"``.

    Returns
    -------
    list of (letters, pinyin)
        The syllables with the letters that each stands for; the letters concatenate to ``word``. Empty when there is nothing to
        say.
    """
    plain = fold(word)
    key = re.sub("[^a-z]", "", plain.lower())
    if key in HAND:
        return spread(word, HAND[key])
    if key in SMALL and not word.isupper():
        return spread(word, SMALL[key])
    out: list[tuple[str, str]] = []
    pieces = list(PIECE.finditer(plain)) if len(plain) == len(word) else []
    if not pieces:
        return _piece(word, key)
    for i, piece in enumerate(pieces):
        start = 0 if i == 0 else piece.start()
        end = pieces[i + 1].start() if i + 1 < len(pieces) else len(word)
        out += _piece(word[start:end], piece[0])
    return out


def fold(word: str) -> str:
    """Return a word in plain letters: accents and typographic apostrophes gone."""
    lowered = unicodedata.normalize("NFKD", word.replace("’", "'")).translate(_FALLBACK_LETTERS)
    return "".join(c for c in lowered if c.isascii())


def _piece(written: str, piece: str) -> list[tuple[str, str]]:
    """Say one part of a compound such as You|Tube or Chat|GPT."""
    key = piece.replace("'", "").lower()
    if not key:
        return []
    if key in HAND and len(key) > 1:
        return spread(written, HAND[key])
    known = lookup(key) or (lookup(piece.lower()) if "'" in piece else "")
    if len(key) == 1 or (piece.isupper() and (len(key) < 4 or not known or not re.search("[AEIOU]", piece))):
        return _spelled(written)
    return spread(written, phones_to_syllables(known or letters_to_phones(key)))


def _spelled(written: str) -> list[tuple[str, str]]:
    """Name the letters; an apostrophe goes with the letter before it, or with the first one."""
    out: list[tuple[str, str]] = []
    waiting = ""
    for char in written:
        names = [name for letter in fold(char).lower() for name in LETTERS.get(letter, ())]
        if names:
            out += [(waiting + char if i == 0 else "", name) for i, name in enumerate(names)]
            waiting = ""
        elif out:
            out[-1] = out[-1][0] + char, out[-1][1]
        else:
            waiting += char
    return out


def spread(written: str, syllables: tuple[str, ...]) -> list[tuple[str, str]]:
    """Share out the letters of a word over its syllables, in order and in proportion to the length of their pinyin."""
    return list(zip(share_out(written, [len(s) - 1 for s in syllables]), syllables, strict=True))


def share_out(written: str, weights: Sequence[int]) -> list[str]:
    """Cut a word into parts in proportion to ``weights``; a part may be empty."""
    total = sum(weights)
    out, start, so_far = [], 0, 0
    for weight in weights:
        so_far += weight
        end = max(start, round(so_far / total * len(written)))
        out.append(written[start:end])
        start = end
    return out


def lookup(word: str) -> str:
    """Return the phones of a lower-case word in the notation of `tingshuo.text.loanwords`, "" when the dictionary lacks it."""
    table = _dictionary()
    start = table.find(f"\n{word} ")
    return table[start + len(word) + 2 : table.index("\n", start + 1)] if start >= 0 else ""


@cache
def _dictionary() -> str:
    return "\n" + zlib.decompress((files("tingshuo.text") / "data" / "english.txt.z").read_bytes()).decode("ascii") + "\n"
