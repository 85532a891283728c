"""Syllables as eSpeak NG writes them in phonetic letters, which is what Piper's older Chinese voices were trained on.

A Mandarin syllable is its initial, the stress mark, the vowels with their glide, the tone, and the nasal if there is one: *xian1*
is ``ɕˈiɛ5n``. The tone is the first digit of its contour on Chao's scale of five levels (55, 35, 214, 51, 11), and of a 3 becomes
the letter ``ɜ``, so the first and the fourth tone are written alike: a voice tells them apart by the sentence alone, if at all.

The program cannot read *jiong*, *qiong* and *xiong* and spells them out as English, digits and all. The voices have heard these
syllables under that name and under no other, so that is what they get.

Written by us from the phonology of Mandarin (W.-S. Lee and E. Zee 2003, "Standard Chinese (Beijing)", Journal of the
International Phonetic Association 33) and from what the program answers; `tests/text/foreign/test_espeak_mandarin.py` asks it
where it is there.
"""

from tingshuo.errors import TextError
from tingshuo.text.symbols import split_syllable

STRESS, SECOND_STRESS = "ˈ", "ˌ"
_TONES = ("", "5", "ɜ", "2", "5", "1")


def _table(rows: str) -> dict[str, str]:
    return dict(row.split(":") for row in rows.split())


_INITIALS = _table("b:p p:ph m:m f:f d:t t:th n:n l:l g:k k:kh h:χ j:tɕ q:tɕh x:ɕ zh:ts. ch:ts.h sh:s. r:ʐ z:ts c:tsh s:s")
"""Aspiration is an ``h``; a point makes a sound retroflex."""
_FINALS = _table(
    "a:ˈɑT ai:ˈaiT an:ˈaTn ang:ˈɑTŋ ao:ˈɑuT e:ˈo-T ei:ˈeiT en:ˈəTn eng:ˈəTŋ er:ˈərT o:ˈoT ong:ˈonɡT ou:ˈouT i:ˈiT ia:ˈiɑT "
    "ian:ˈiɛTn iang:ˈiɑTŋ iao:jˈɑuT ie:ˈiɛT in:ˈiTn ing:ˈiTŋ io:ˈioT iou:ˈiouT ii:ˈi̪T iii:ˈi.T u:ˈuT ua:wˈɑT uai:ˈuaiT uan:ˈuaTn "
    "uang:wˈɑTŋ uei:ˈueiT uen:ˈuəTn uo:ˈuoT v:ˈyT van:ˈyæTn ve:ˈyɛT vn:ˈyəTn"
)
"""After an initial; ``T`` stands for the tone."""
_ALONE = {final: "j" + _FINALS[final] for final in "i ia ian iang ie in ing io iou v van ve vn".split()} | _table(
    "iao:jˈɑuT iong:jˈonɡT u:wˈuT ua:wˈɑT uai:wˈaiT uan:wˈɑTn uang:wˈɑTŋ uei:wˈeiT uen:wˈuəTn ueng:wˈuəTŋ uo:wˈoT"
)
"""Without an initial; a glide becomes a consonant."""
_TOGETHER = _table(
    "guan:kwˈaTn kuan:khwˈaTn hun:χwˈuəTn kun:khwˈuəTn tun:thwˈuəTn qun:tɕhˈyiTn shui:s.wˈeiT shun:s.wˈo-Tn shuo:s.wˈoT "
    "de:tˈəT te:thˈəT ne:nˈəT le:lˈəT"
)
"""Syllables that are written otherwise than their parts."""
_MISREAD = _table("jiong:dʒɪəŋ qiong:kɪəŋ xiong:kʃəŋ")
_DIGITS = ("", "wˈɒn", "tˈuː", "θɹˈiː", "fˈɔː", "fˈaɪv")

_VOWELS = _table(
    "AA:ɑː AE:æ AH:ʌ AO:ɔː AW:aʊ AY:aɪ EH:ɛ ER:ɜː EY:eɪ IH:ɪ IY:iː OW:oʊ OY:ɔɪ UH:ʊ UW:uː"
)  # fmt: skip
_UNSTRESSED = _table("AH:ə ER:ɚ IY:i")
_CONSONANTS = _table("B:b CH:tʃ D:d DH:ð F:f G:ɡ HH:h JH:dʒ K:k L:l M:m N:n NG:ŋ P:p R:ɹ S:s SH:ʃ T:t TH:θ V:v W:w Y:j Z:z ZH:ʒ")


def mandarin_syllable(pinyin: str) -> str:
    """Write a Mandarin syllable as it is where it is a word of its own.

    Parameters
    ----------
    pinyin : str
        As for `tingshuo.text.symbols.split_syllable`; erhua is a second syllable, as it is to the program.

    Returns
    -------
    str
        ``"ɕˈiɛ5n"`` for *xian1*.

    Raises
    ------
    TextError
        Not a Mandarin syllable.
    """
    parts = split_syllable(pinyin)
    misread = _MISREAD.get(parts.initial + parts.final)
    written = (
        _body(parts.initial, parts.final).replace("T", _TONES[parts.tone]) if misread is None else misread + _DIGITS[parts.tone]
    )
    return f"{written} {mandarin_syllable('er2')}" if parts.erhua else written


def _body(initial: str, final: str) -> str:
    if not initial:
        return _ALONE.get(final) or _FINALS[final]
    spelt = {"uen": "un", "uei": "ui", "vn": "un"}.get(final, final)
    return _TOGETHER.get(initial + spelt) or _INITIALS[initial] + _FINALS[final]


def english_syllable(arpabet: str) -> str:
    """Write the phones of an English syllable, vowels with their stress: ``"L OW1"`` is ``"lˈoʊ"``.

    Raises
    ------
    TextError
        A phone that English does not have.
    """
    written = []
    for phone in arpabet.split():
        name, stress = phone.rstrip("012"), phone[-1]
        if name in _CONSONANTS:
            written.append(_CONSONANTS[name])
        elif name in _VOWELS:
            mark = {"1": STRESS, "2": SECOND_STRESS}.get(stress, "")
            written.append(mark + (_VOWELS[name] if mark else _UNSTRESSED.get(name, _VOWELS[name])))
        else:
            raise TextError(f"{phone!r} is no phone of English; ARPAbet has {', '.join(_VOWELS)} and {', '.join(_CONSONANTS)}")
    return "".join(written)
