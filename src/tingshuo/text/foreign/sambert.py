"""Symbols of KAN-TTS voices for Mandarin with English words: the tables that their nets index, and pinyin turned into them.

A sentence is a row of symbols. Each has a phone, a tone, its place in the syllable and its place in the word; breaks between
words are symbols too, ``#1`` (word) to ``#4`` (sentence). Beside them lie an emotion and a speaker.

Pinyin is written with ``v`` for u-umlaut (``lv4``; after j, q, x and y ``qv4`` and ``qu4`` are the same), with tone 5 where there
is none and with ``r`` for erhua (``wanr2``). English words are ARPAbet between slashes, syllables apart: ``/ HH AE1 . P IY0 /``.

Source of the tables and of what the symbols are called: KAN-TTS (``kantts/preprocess/languages/PinYin``,
``kantts/utils/ling_unit``), MIT licence, Copyright (c) 2022 Alibaba Research.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import TextError
from tingshuo.text.foreign.symbols import Symbols
from tingshuo.types import Word

_MANDARIN = (
    "a ai an ang ao b c ch d e ei en eng er f g h i ia ian iang iao ie ih ii in ing io iong iou j k l m n o ong ou p q r s sh t "
    "u ua uai uan uang uei uen ueng uo v van ve vn xx z zh w y"
)
_ERHUA = (
    "air angr anr aor ar eir engr enr iangr ianr iaor iar ier ihr iir ingr inr iongr iour ir ongr or our uair uangr uanr uar "
    "ueir uenr uor ur vanr ver vnr vr"
)
ENGLISH_VOWELS = frozenset("aa ae ah ao aw ay eh er ey ih iy ow oy uh uw".split())
_ENGLISH = "aa ae ah ao aw ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th uh uw v w y z zh"
PHONES = (
    *(f"{phone}_c" for phone in _MANDARIN.split()),
    *("ga", "ge", "go"),
    *_ENGLISH.split(),
    *(f"{phone}_c" for phone in _ERHUA.split()),
    "pau",
)
"""In the order of the phone table. ``ga ge go`` are glottal onsets before the vowel that they name."""
BREAKS = ("#1", "#2", "#3", "#4")
TONES = ("tone1", "tone_none", "tone4", "tone2", "tone3", "tone5", "tone0")
"""``tone0`` is an English syllable without stress, ``tone_none`` a break."""
SYLLABLE_PLACES = ("s_begin", "s_end", "s_none", "s_both", "s_middle")
WORD_PLACES = ("word_begin", "word_end", "word_middle", "word_both", "word_none")
EMOTIONS = tuple(
    f"emotion_{name}"
    for name in (
        "none neutral angry disgust fear happy sad surprise calm gentle relax lyrical serious disgruntled satisfied disappointed "
        "excited anxiety jealousy hate pity pleasure arousal dominance"
    ).split()
) + tuple(f"emotion_placeholder{n}" for n in range(1, 10))
"""In the order of the emotion table. Which of them a voice has learnt, its files do not say."""
BYTES = tuple(f"@{byte}" for byte in range(256))
"""The table of voices that read the bytes of a text instead of symbols."""
_SPECIAL = ("_", "~", "@[MASK]")
"""Filling, end, and what was hidden while an encoder learnt; older voices lack the last."""

_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcswy")
_UMLAUTS = ("j", "q", "x", "y")
_FINALS = {"ui": "uei", "un": "uen", "iu": "iou"}
_HUMMED = {"n": "en", "ng": "en", "hm": "en", "hng": "en", "m": "mu"}
"""Of 嗯, 哼 and 呣; that of ``ng`` is the original's, the others are as `tingshuo.text.symbols` has them."""
_PRONUNCIATION = re.compile(r"([a-z]+)([1-6]?)([1-6])")
_TOKEN = re.compile(r"#([0-4])|(\w+)")
_JOINED = re.compile("[-']")
_EDGE = re.compile(r"(?<=[a-zA-Z])(?=[^\W\da-zA-Z_])|(?<=[^\W\da-zA-Z_])(?=[a-zA-Z])")


class Unit(NamedTuple):
    """One symbol of a sentence; the fields are named as in the tables."""

    phone: str
    tone: str
    syllable_place: str
    word_place: str


class Spoken(NamedTuple):
    """A syllable: its phones and its tone, ``0`` to ``5``."""

    phones: tuple[str, ...]
    tone: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tables of one voice, each in the order of its rows."""

    speakers: tuple[str, ...]
    has_mask: bool = True
    """Whether the tables end with the mask."""
    _rows: dict[str, dict[str, int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rows", {name: {row: n for n, row in enumerate(rows)} for name, rows in self.tables.items()})

    @property
    def tables(self) -> dict[str, tuple[str, ...]]:
        """Every table by its name in KAN-TTS; phones and breaks have an ``@`` before them there."""
        special = _SPECIAL if self.has_mask else _SPECIAL[:-1]
        rows = {
            "sy": tuple(f"@{phone}" for phone in (*PHONES, *BREAKS)),
            "tone": TONES,
            "syllable_flag": SYLLABLE_PLACES,
            "word_segment": WORD_PLACES,
            "emotion": EMOTIONS,
            "speaker": self.speakers,
            "byte_index": BYTES,
        }
        return {name: (*row, *special) for name, row in rows.items()}

    def ids(self, units: Sequence[Unit]) -> NDArray[np.int64]:
        """Return the rows of symbols, (N, 4) int64: phone, tone, place in the syllable, place in the word.

        Raises
        ------
        TextError
            A symbol is in no table.
        """
        names = ("sy", "tone", "syllable_flag", "word_segment")
        try:
            rows = [[self._rows[n][s] for n, s in zip(names, (f"@{u.phone}", *u[1:]), strict=True)] for u in units]
        except KeyError as error:
            raise TextError(f"the voice has no symbol {str(error.args[0]).removeprefix('@')!r}") from error
        return np.array(rows, np.int64).reshape(-1, len(names))

    def emotion_id(self, emotion: str) -> int:
        """Return the row of an emotion, ``emotion_happy`` or ``happy``.

        Raises
        ------
        TextError
            There is no such emotion; the message lists those that there are.
        """
        name = emotion if emotion.startswith("emotion_") else f"emotion_{emotion}"
        if name not in EMOTIONS:
            raise TextError(f"no emotion {emotion!r}; there are: {', '.join(e.removeprefix('emotion_') for e in EMOTIONS[:24])}")
        return self._rows["emotion"][name]

    def speaker_id(self, speaker: str) -> int:
        """Return the row of a speaker.

        Raises
        ------
        TextError
            There is no such speaker; the message lists those that there are.
        """
        if speaker not in self.speakers:
            raise TextError(f"no speaker {speaker!r}; there are: {', '.join(self.speakers)}")
        return self._rows["speaker"][speaker]


def spell(syllable: str) -> tuple[str, ...]:
    """Return the phones of a pinyin syllable without its tone: ``xiaor`` is ``xx_c iaor_c``, ``e`` is ``ge e_c``.

    Raises
    ------
    TextError
        It is no syllable of Mandarin.
    """
    initial = next((i for i in _INITIALS if syllable.startswith(i) and len(syllable) > len(i)), "")
    final = syllable[len(initial) :]
    rhotic = final.endswith("r") and final != "er"
    plain = final.removesuffix("r") if rhotic else final
    if initial in _UMLAUTS and plain.startswith("u"):
        plain = f"v{plain[1:]}"
    elif plain == "i" and initial in ("zh", "ch", "sh", "r"):
        plain = "ih"
    elif plain == "i" and initial in ("z", "c", "s"):
        plain = "ii"
    vowel = f"{_FINALS.get(plain, plain)}{'r' if rhotic else ''}_c"
    onset = f"g{final[:1]}" if not initial else "xx_c" if initial == "x" else f"{initial}_c"
    if onset not in PHONES or vowel not in PHONES:
        raise TextError(f"{syllable!r} is no pinyin syllable that KAN-TTS voices know; u-umlaut is v")
    return onset, vowel


def read_pinyin(pronunciation: str) -> Spoken:
    """Return the syllable that ``hao3`` is; of two tones the second counts if it is 5, and tone 6 is a third tone raised to 2.

    Raises
    ------
    TextError
        It is not pinyin with a tone.
    """
    match = _PRONUNCIATION.fullmatch(pronunciation)
    if match is None or (match[2] and match[3] != "5"):
        raise TextError(f"{pronunciation!r} is not pinyin with a tone from 1 to 5")
    return Spoken(spell(_HUMMED.get(match[1], match[1])), "2" if match[3] == "6" else match[3])


def read_arpabet(pronunciation: str) -> list[Spoken]:
    """Return the syllables of an English word, ``HH AE1 . P IY0``; stress is 0 or 1, and 2 counts as 0.

    Raises
    ------
    TextError
        A phone is not ARPAbet.
    """
    syllables = []
    for part in pronunciation.split("."):
        tone, phones = "0", []
        for phone in part.split():
            name = phone.rstrip("0123").lower()
            if name not in _ENGLISH.split():
                raise TextError(f"{phone!r} of {pronunciation!r} is not ARPAbet")
            phones.append(name)
            if name in ENGLISH_VOWELS:
                tone = "1" if "1" in phone else "0"
        if not phones:
            raise TextError(f"{pronunciation!r} has an empty syllable")
        syllables.append(Spoken(tuple(phones), tone))
    return syllables


def word_units(syllables: Sequence[Spoken], after: str = "") -> Iterator[Unit]:
    """Yield the symbols of a word.

    Parameters
    ----------
    syllables : sequence of Spoken
        Of the word.
    after : str
        The break after it: ``1`` to ``4``, or nothing.
    """
    alone = len(syllables) == 1
    last = len(syllables) - 1
    for n, (phones, tone) in enumerate(syllables):
        for m, phone in enumerate(phones):
            begins, ends = m == 0, m == len(phones) - 1
            place = "s_both" if begins and ends else "s_begin" if begins else "s_end" if ends else "s_middle"
            word = "word_both" if alone and begins and ends else "word_middle"
            if word == "word_middle" and n == 0 and begins:
                word = "word_begin"
            elif word == "word_middle" and n == last and ends:
                word = "word_end"
            yield Unit(phone, f"tone{tone}", place, word)
    if after:
        yield Unit(f"#{after}", "tone_none", "s_none", "word_none")


def units(prosody: str, pronunciation: str) -> list[Unit]:
    """Return the symbols of a sentence whose words, breaks and pronunciation are known.

    Parameters
    ----------
    prosody : str
        Words with breaks after them, ``今天#1天气#2真#1不错#3``. A space or a sign without a break is ``#1``, and the sentence
        ends with ``#4`` whatever is written there.
    pronunciation : str
        Pinyin of every character, English words between slashes; an erhua syllable also speaks the 儿 of its word.

    Raises
    ------
    TextError
        The two do not fit, or a syllable is unknown.
    """
    words = list(_words(prosody))
    if not words:
        raise TextError(f"{prosody!r} has no word to speak")
    spoken = iter(_pronunciations(pronunciation))
    found: list[Unit] = []
    for word, after in words:
        syllables: list[Spoken] = []
        wanted = 1 if re.match("[a-zA-Z]", word) else len(word)
        while wanted > 0:
            read = next(spoken, None)
            if read is None:
                raise TextError(f"{prosody!r} has more characters than {pronunciation!r} has syllables, from {word!r} on")
            syllables += read
            rhotic = read[0].phones[-1].endswith("r_c") and read[0].phones != ("ge", "er_c")
            wanted -= 1 + (rhotic and "儿" in word and wanted > 1)
        found += word_units(syllables, after)
    if next(spoken, None) is not None:
        raise TextError(f"{pronunciation!r} has more syllables than {prosody!r} has characters")
    return found


def _words(prosody: str) -> Iterator[tuple[str, str]]:
    """Yield words with the break after each; those of different scripts are apart."""
    text = _EDGE.sub(" ", _JOINED.sub("", unicodedata.normalize("NFKC", prosody)))
    word, after = "", ""
    for match in _TOKEN.finditer(text):
        if match[1]:
            after = match[1]
            continue
        if word:
            yield word, {"": "1", "0": ""}.get(after, after)
        word, after = match[2], ""
    if word:
        yield word, "4"


def _pronunciations(text: str) -> Iterator[list[Spoken]]:
    for index, part in enumerate(text.split("/")):
        if index % 2:
            yield read_arpabet(part)
        else:
            yield from ([read_pinyin(syllable)] for syllable in part.split())


def encode_words(words: Sequence[Word], vocabulary: Vocabulary) -> Symbols:
    """Turn words into symbols: a break ``#1`` after each, ``#3`` where a pause follows, and ``#4`` at the end.

    Raises
    ------
    TextError
        There is nothing to speak, or a syllable is unknown.
    """
    found: list[Unit] = []
    owners: list[tuple[int, int]] = []
    for w, word in enumerate(words):
        if word.syllables:
            spoken = [read_arpabet(one.pinyin)[0] if one.phones else read_pinyin(one.pinyin) for one in word.syllables]
            after = _break_after(words[w + 1 :])
            found += word_units(spoken, after)
            owners += [(w, k) for k, one in enumerate(spoken) for _ in one.phones] + [(-1, -1)]
    if not found:
        raise TextError("there is nothing to speak")
    word_index, syllable_index = np.array(owners, np.int64).T
    return Symbols(vocabulary.ids(found), word_index, syllable_index)


def _break_after(rest: Sequence[Word]) -> str:
    if not any(word.syllables for word in rest):
        return "4"
    return "1" if rest[0].syllables else "3"


def encode_bytes(words: Sequence[Word]) -> Symbols:
    """Turn words into the bytes of their text, for a voice that reads those; a text without an end gets a full stop."""
    text = ""
    owners: list[tuple[int, int]] = []
    was_english = False
    for w, word in enumerate(words):
        is_english = any(one.phones for one in word.syllables)
        if was_english and is_english:
            text += " "
            owners.append((-1, -1))
        text += word.text
        owners += [(w, k) for k in _byte_owners(word)] if word.syllables else [(-1, -1)] * len(word.text.encode())
        was_english = is_english
    ids = byte_ids(text)
    owners += [(-1, -1)] * (len(ids) - len(owners))
    word_index, syllable_index = np.array(owners, np.int64).T
    return Symbols(ids, word_index, syllable_index)


def _byte_owners(word: Word) -> list[int]:
    """Which syllable each byte of a word belongs to; where its syllables are not its characters, they share the bytes."""
    if "".join(one.hanzi for one in word.syllables) == word.text:
        return [k for k, one in enumerate(word.syllables) for _ in one.hanzi.encode()]
    size = len(word.text.encode())
    return [place * len(word.syllables) // size for place in range(size)]


def byte_ids(text: str) -> NDArray[np.int64]:
    """Return the rows of a text for a voice that reads bytes, (N, 1) int64; a text without an end gets a full stop."""
    raw = text.encode()
    return np.frombuffer(raw if raw.endswith((b"!", b".", b"?")) else raw + b".", np.uint8).astype(np.int64)[:, None]
