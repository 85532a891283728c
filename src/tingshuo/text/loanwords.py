"""English phones as Mandarin syllables, and letters as English phones.

Phones are written with one character each (`NOTATION`), vowels followed by ``1`` when they carry the primary stress and ``2``
when they carry a secondary one: *hello* is ``HulO1``.

A consonant and a vowel become the nearest syllable that Mandarin has; a nasal after a vowel joins it; other consonants get a
short vowel of their own (*test* is tai4 si5 te5). The stressed syllable falls when it is the last and is high otherwise,
unstressed ones before it rise to it, those after it are neutral. Correspondences after Miao Ruiqin, *Loanword Adaptation in
Mandarin Chinese* (2005).
"""

import re
from functools import cache

from tingshuo.text.symbols import FINALS_AFTER

NOTATION = {
    "AA": "a", "AE": "A", "AH": "u", "AO": "o", "AW": "w", "AY": "y", "EH": "e", "ER": "r", "EY": "E", "IH": "i", "IY": "I",
    "OW": "O", "OY": "Y", "UH": "h", "UW": "U", "B": "b", "CH": "C", "D": "d", "DH": "D", "F": "f", "G": "g", "HH": "H",
    "JH": "J", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "N", "P": "p", "R": "R", "S": "s", "SH": "S", "T": "t", "TH": "T",
    "V": "v", "W": "W", "Y": "j", "Z": "z", "ZH": "Z",
}  # fmt: skip
"""ARPAbet symbol to the character that stands for it here."""

_VOWELS = "aAuowyerEiIOYhU"
# Mandarin initials that can stand for a consonant, the nearest first.
_INITIALS = {
    "b": "b", "C": "ch q", "d": "d", "D": "d z", "f": "f", "g": "g j", "H": "h x", "J": "zh j", "k": "k q", "l": "l", "m": "m",
    "n": "n", "p": "p", "R": "r l", "s": "s x", "S": "sh x", "t": "t", "T": "s x", "z": "z", "Z": "r", "": "",
}  # fmt: skip
# Mandarin finals that can stand for a vowel, the nearest first; then the same before n and before ng.
_FINALS = {
    "a": ("a ia uo", "an ian", "ang iang"), "A": ("ai ei uei ie", "an ian", "ang iang"), "u": ("a ia ua", "an ian", "ang iang"),
    "ə": ("e o uo ie", "en in", "eng ing"), "o": ("ao uo o", "ang iang", "ang iang"), "ɔ": ("uo o ao", "ang iang", "ang iang"),
    "w": ("ao iao", "ang iang", "ang iang"), "y": ("ai uai", "", ""), "e": ("ai ei uei ie", "en ian", "eng ing"),
    "ɛ": ("ei ai uei ie", "en ian", "eng ing"), "r": ("e o ie", "en", "eng"), "E": ("ei uei ie", "en in", "eng ing"),
    "i": ("i ii uei ei", "in ing uen en", "ing eng"), "I": ("i ii uei ei", "in ing uen en", "ing eng"),
    "O": ("ou o iou", "ong eng", "ong eng"), "Y": ("o uo", "", ""), "h": ("u", "uen", "ong"), "U": ("u", "uen", "ong"),
}  # fmt: skip
# The same after w and y, which Mandarin writes into the final.
_AFTER_W = {
    "a": "ua uan uang", "A": "uai uan uang", "u": "ua uan uang", "ə": "uo uen ueng", "ɔ": "uo uan uang", "o": "uo uan uang",
    "w": "ua uan uang", "y": "uai uan uang", "e": "uei uen ueng", "ɛ": "uei uen ueng", "r": "uo uen ueng", "E": "uei uen ueng",
    "i": "uei uen ueng", "I": "uei uen ueng", "O": "uo uen ueng", "Y": "uo uen ueng", "h": "u uen ueng", "U": "u uen ueng",
}  # fmt: skip
_AFTER_Y = {
    "a": "ia ian iang", "A": "ie ian iang", "u": "ia ian iang", "ə": "ie in ing", "ɔ": "io ian iang", "o": "io ian iang",
    "w": "iao ian iang", "y": "ia ian iang", "e": "ie ian ing", "ɛ": "ie ian ing", "r": "ie in ing", "E": "ie ian ing",
    "i": "i in ing", "I": "i in ing", "O": "iou iong iong", "Y": "io ian iang", "h": "iou vn iong", "U": "iou vn iong",
}  # fmt: skip
_ALONE = {
    "b": "bu", "C": "chi", "d": "de", "D": "ze", "f": "fu", "g": "ge", "H": "he", "J": "zhi", "k": "ke", "l": "er", "m": "mu",
    "n": "en", "N": "eng", "p": "pu", "R": "er", "s": "si", "S": "shi", "t": "te", "T": "si", "v": "fu", "W": "wu", "j": "yi",
    "z": "zi", "Z": "ri",
}  # fmt: skip
_NUCLEUS = re.compile(f"([{_VOWELS}])([12]?)")
_SYLLABLE_START = re.compile("(?:[td]R|[kgH]W|[mnldHkg]j|[^N])?$")


def phones_to_syllables(phones: str) -> tuple[str, ...]:
    """Turn phones into pinyin syllables with tones; ``"HulO1"`` into ``("he1", "lou4")``."""
    nuclei = list(_NUCLEUS.finditer(phones))
    if not nuclei:
        return tuple(f"{_ALONE[c]}5" for c in phones if c in _ALONE)
    stressed = next((i for i, n in enumerate(nuclei) if n[2] == "1"), 0)
    out: list[str] = []
    start = 0
    for i, nucleus in enumerate(nuclei):
        cluster = phones[start : nucleus.start()]
        match = _SYLLABLE_START.search(cluster)
        onset = match[0] if match else ""
        out += _alone(cluster[: len(cluster) - len(onset)])
        end = nuclei[i + 1].start() if i + 1 < len(nuclei) else len(phones)
        coda = phones[nucleus.end() : end]
        onset_of_next = ""
        if i + 1 < len(nuclei):
            match = _SYLLABLE_START.search(coda)
            onset_of_next = match[0] if match else ""
            coda = coda[: len(coda) - len(onset_of_next)]
        if coda.endswith("m") and onset_of_next[:1] in ("p", "b"):
            coda = coda[:-1] + "n"
        tone = _tone(i, stressed, len(nuclei), nucleus[2])
        syllables, used = _syllable(onset, nucleus[1], coda, weak=not nucleus[2], tone=tone)
        out += syllables
        start = nucleus.end() + used
    return (*out, *_alone(phones[start:]))


def _tone(i: int, stressed: int, count: int, mark: str) -> int:
    if i == stressed:
        return 4 if i == count - 1 else 1
    if i < stressed:
        return 1 if stressed == count - 1 else 2
    return 4 if mark == "2" else 5


def _alone(consonants: str) -> list[str]:
    """Give each consonant a short vowel; ts and dz are one."""
    joined = consonants.replace("ts", "c").replace("dz", "z")
    return [f"{'ci' if c == 'c' else _ALONE[c]}5" for c in joined]


def _syllable(onset: str, vowel: str, coda: str, weak: bool, tone: int) -> tuple[list[str], int]:
    """Return the syllables of onset and vowel, and how many consonants of the coda they have taken in."""
    before: list[str] = []
    if onset in ("tR", "dR"):
        before, onset = [("chu" if onset[0] == "t" else "zhu") + "5"], "R"
    nasal, used = {"n": (1, 1), "N": (2, 1)}.get(coda[:1], (0, 0))
    rhotic = False
    if vowel == "u" and weak:
        vowel = "ə"
        if coda[:1] == "l":
            vowel, used = "O", 1
    elif vowel == "r":
        rhotic, used = not nasal, used + (coda[:1] == "l")
    elif vowel == "a" and coda[:1] == "R":
        rhotic, used = True, 1
    elif vowel == "o":
        vowel = "O" if coda[:1] == "l" and onset else "ɔ" if onset else "o"
        used = used or int(coda[:1] == "l" and bool(onset))
    elif vowel == "e" and onset and onset in "bpmfvW":
        vowel = "ɛ"
    parts = _nearest(onset, vowel, nasal)
    if parts is None and nasal:
        parts, used = _nearest(onset, vowel, 0), 0
    after: list[str] = []
    if parts is None and vowel == "y":
        parts, after = _nearest(onset, "a", 0), ["yi5"]
    elif vowel == "Y":
        after = ["yi5"]
    if parts is None:  # a glide that Mandarin does not have after this consonant: give the consonant its own vowel
        before, parts = before + _alone(onset[:-1]), _nearest(onset[-1:], vowel, nasal)
    assert parts is not None, f"no syllable for {onset}{vowel}"
    pinyin = spell(*parts)
    if rhotic:
        if parts[0]:
            pinyin += "r"
        elif vowel == "r":
            pinyin = "er" if not parts[0] and not onset else pinyin + "r"
        else:
            after = ["er5", *after]
    return [*before, f"{pinyin}{tone}", *after], used


def _nearest(onset: str, vowel: str, nasal: int) -> tuple[str, str] | None:
    """Return the nearest (initial, final) that Mandarin allows, None when there is none."""
    if onset[-1:] in ("W", "v", "j") and onset:
        table = _AFTER_Y if onset[-1] == "j" else _AFTER_W
        finals, onset = [table[vowel].split()[nasal]], onset[:-1]
    else:
        finals = _FINALS[vowel][nasal].split()
    if onset not in _INITIALS:
        return None
    initials = _INITIALS[onset].split() or [""]
    # An r is kept as long as any vowel will do; other consonants rather change than their vowel: key is qi, not kui.
    pairs = ((i, f) for i in initials for f in finals) if onset == "R" else ((i, f) for f in finals for i in initials)
    return next((pair for pair in pairs if pair[1] in FINALS_AFTER[pair[0]]), None)


def spell(initial: str, final: str) -> str:
    """Write phones as pinyin: ``("", "iou")`` is *you*, ``("j", "v")`` *ju*, ``("sh", "iii")`` *shi*."""
    if not initial:
        if final in ("i", "in", "ing", "u", "v", "van", "ve", "vn"):
            return {"i": "y", "u": "w", "v": "yu"}[final[0]] + (final[1:] if final[0] == "v" else final)
        if final[0] in "iu" and final != "iii":
            return {"iou": "you", "uei": "wei", "uen": "wen", "ueng": "weng"}.get(
                final, {"i": "y", "u": "w"}[final[0]] + final[1:]
            )
        return final
    if initial in ("j", "q", "x") and final[0] == "v":
        final = "u" + final[1:]
    return initial + {"iou": "iu", "uei": "ui", "uen": "un", "ii": "i", "iii": "i"}.get(final, final)


# --- letters

_RULES: list[tuple[str, str]] = [
    ("tion", "Sun"), ("[st]sion", "Sun"), ("sion", "Zun"), ("cial", "Sul"), ("ture$", "Cr"), ("tch", "C"), ("sch", "sk"),
    ("ough", "O"), ("augh", "o"), ("eigh", "E"), ("igh", "y"), ("^kn", "n"), ("^wr", "R"), ("^ps", "s"), ("^x", "z"),
    ("ck", "k"), ("ch", "C"), ("sh", "S"), ("ph", "f"), ("th", "T"), ("wh", "W"), ("gh", "g"), ("qu", "kW"), ("nk", "Nk"),
    ("ng(?![aeiou])", "N"), ("[ei]y$", "I"), ("ay|ai|ei", "E"), ("ee|ea", "I"), ("ie", "I"), ("oo", "U"), ("ow$", "O"),
    ("ou|ow", "w"), ("oa", "O"), ("oi|oy", "Y"), ("au|aw", "o"), ("ew|eu|ue", "U"), ("ar(?![aeiouy])", "aR"),
    ("[eiu]r(?![aeiouy])", "r"), ("or(?![aeiouy])", "oR"), ("le$", "ul"), ("a(?=[^aeiouwxy]e[sd]?$)", "E"),
    ("e(?=[^aeiouwxy]e[sd]?$)", "I"), ("i(?=[^aeiouwxy]e[sd]?$)", "y"), ("o(?=[^aeiouwxy]e[sd]?$)", "O"),
    ("u(?=[^aeiouwxy]e[sd]?$)", "U"), ("(?<=[aeiouy][^aeiou])e$", ""), ("(?<=[aeiouy][^aeiou][^aeiou])e$", ""), ("a$", "u"),
    ("o$", "O"), ("[iy]$", "I"), ("u$", "U"), ("a", "A"), ("e", "e"), ("i", "i"), ("o", "a"), ("u", "u"), ("^y", "j"),
    ("y(?=[aeiou])", "j"), ("y", "i"), ("c(?=[eiy])", "s"), ("cc|c|kk", "k"), ("g(?=e$)", "J"), ("gg", "g"), ("x", "ks"),
    ("j", "J"), ("q", "k"), ("r+", "R"), ("h", "H"), ("w", "W"), ("bb?", "b"), ("dd?", "d"), ("ff?", "f"), ("g", "g"),
    ("k", "k"), ("ll?", "l"), ("mm?", "m"), ("nn?", "n"), ("pp?", "p"), ("ss?", "s"), ("tt?", "t"), ("vv?", "v"), ("zz?", "z"),
]  # fmt: skip


@cache
def _compiled() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern), phones) for pattern, phones in _RULES]


def letters_to_phones(word: str) -> str:
    """Guess the phones of a word of lower-case letters that no dictionary has; the first vowel is stressed."""
    out, i = "", 0
    while i < len(word):
        for pattern, phones in _compiled():
            match = pattern.match(word, i)
            if match and (not pattern.pattern.startswith("^") or i == 0):
                out, i = out + phones, match.end()
                break
        else:
            i += 1
    return re.sub(f"([{_VOWELS}])", r"\g<1>1", out, count=1)
