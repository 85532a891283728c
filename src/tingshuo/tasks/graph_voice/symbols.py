"""A sentence to the symbols of a voice whose graphs are somebody else's, in any of the ways that such voices were trained with.

Mandarin goes through our own front end, so numbers, polyphones, sandhi and the user's pronunciations are those of every other
voice: a table tells the symbols of a syllable. Only where no table could be made, words are looked up as they are written.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.graph_voice import TextConfig
from tingshuo.errors import TextError
from tingshuo.text.foreign.espeak import espeak_phonemes
from tingshuo.text.foreign.piper import Inventory, owned_phonemes, text_phonemes
from tingshuo.text.foreign.symbols import Symbols
from tingshuo.text.lexicon import load_lexicon
from tingshuo.types import Sentence, Syllable, Word

LONGEST_WORD = 10
"""Characters of a word that is looked up as it is written; that of sherpa-onnx."""
NEUTRAL = 5
"""The neutral tone."""
MARK, NOBODY = -1, -2
"""In the place of a word: symbols that stand between words, and those of which nobody knows whose they are."""
Ids = NDArray[np.int64]
Language = Literal["zh", "en"]


class Unit(NamedTuple):
    """Symbols that belong together, the tones of them, and the word and the syllable of it that they are of."""

    ids: tuple[int, ...]
    tones: tuple[int, ...] = ()
    word: int = MARK
    syllable: int = MARK
    language: Language = "zh"


@dataclass(frozen=True, slots=True)
class Spelt:
    """A sentence as a voice reads it: N symbols."""

    ids: Ids
    tones: Ids
    """(N,)."""
    languages: Ids
    """(N,)."""
    owners: Symbols | None
    """Which word and syllable each is of; None where nobody knows."""
    skipped: tuple[str, ...]
    """What the voice has no symbol for, each once: to be told, never to be swallowed in silence."""


def sound_of(syllable: Syllable) -> str:
    """Return the name of a syllable of Mandarin in the table of a voice: ``zh_ong1``, ``_ian3``, ``d_ianr3``."""
    return f"{syllable.initial}_{syllable.final}{'r' if syllable.erhua else ''}{syllable.tone}"


class Speller:
    """Turns sentences into symbols; shared by threads.

    Parameters
    ----------
    text : TextConfig
        Of the voice.
    """

    def __init__(self, text: TextConfig) -> None:
        self._text = text
        ids = text.phoneme_ids or {token: (row,) for token, row in text.tokens.items()}
        self._inventory = Inventory("espeak" if text.kind == "espeak" else text.phonemes, ids, text.espeak_voice)

    @property
    def english(self) -> bool:
        """Whether it says English words with English phones, or looks them up."""
        if self._text.kind == "sounds":
            return any(sound[0].isupper() for sound in self._text.sounds)
        return self._text.kind != "piper" or self._inventory.kind == "espeak"

    def spell(self, sentence: Sentence) -> Spelt:
        """Return the symbols of a sentence.

        Raises
        ------
        TextError
            The voice has no symbol for any of it, or eSpeak NG is needed and not installed.
        """
        if self._text.kind == "piper":
            return self._as_piper(sentence)
        ways = {"sounds": self._sounds, "words": self._words, "characters": self._characters, "espeak": self._espeak}
        skipped: dict[str, None] = {}
        units = list(ways[self._text.kind](sentence, skipped))
        if all(unit.word == MARK for unit in units):
            such = f", such as {next(iter(skipped))!r}" if skipped else ""
            raise TextError(f"this voice has no symbol for anything in {sentence.source.strip()!r}{such}; say it in other words")
        return self._assembled(units, tuple(skipped))

    def _as_piper(self, sentence: Sentence) -> Spelt:
        inventory = self._inventory
        if inventory.is_mandarin:
            owned = owned_phonemes(sentence.words, inventory)
            encoded = inventory.encode([phoneme for phoneme, _, _ in owned])
            owners = np.array([*((w, k) for _, w, k in owned), (-1, -1)], np.int64)[encoded.of]
            symbols: Symbols | None = Symbols(encoded.ids, owners[:, 0], owners[:, 1])
        else:
            encoded, symbols = inventory.encode(self._foreign(sentence)), None
        none = np.zeros(len(encoded.ids), np.int64)
        return Spelt(encoded.ids, none, none, symbols, encoded.skipped)

    def _foreign(self, sentence: Sentence) -> tuple[str, ...]:
        """Return the phonemes of a sentence that our own front end does not serve."""
        text = sentence.source.strip()
        if self._inventory.kind == "espeak":
            return espeak_phonemes(text, self._inventory.espeak_voice)
        return text_phonemes(text)

    def _sounds(self, sentence: Sentence, skipped: dict[str, None]) -> Iterator[Unit]:
        table, tones = self._text.sounds, self._text.tones
        for w, word in enumerate(sentence.words):
            if not word.syllables:
                yield from self._marks(word, sentence.words[w + 1 :])
                continue
            for k, syllable in enumerate(word.syllables):
                for sound in self._sounds_of(syllable):
                    if sound in table:
                        yield Unit(table[sound], tones.get(sound, ()), w, k, "en" if syllable.phones else "zh")
                    else:
                        skipped[syllable.pinyin] = None
            if word.syllables[-1].phones:
                yield from self._space(sentence.words[w + 1 :])

    def _sounds_of(self, syllable: Syllable) -> tuple[str, ...]:
        """Return the names of a syllable's sounds; where the voice has no erhua, that is a syllable of its own."""
        table = self._text.sounds
        if syllable.phones:
            return tuple(phone if phone in table else phone.rstrip("012") for phone in syllable.pinyin.split())
        name = sound_of(syllable)
        if name in table:
            return (name,)
        if syllable.erhua:
            return *self._sounds_of(replace(syllable, erhua=False)), "_er5" if "_er5" in table else "_er2"
        return (self._toned(syllable) if syllable.tone == NEUTRAL else name,)

    def _toned(self, syllable: Syllable) -> str:
        """Return the name of a neutral syllable that the voice has in other tones alone: that of its character."""
        own = (int(reading[-1]) for reading in load_lexicon().readings(syllable.hanzi[:1]))
        names = [sound_of(replace(syllable, tone=tone)) for tone in own]
        return next((name for name in names if name in self._text.sounds), sound_of(syllable))

    def _words(self, sentence: Sentence, skipped: dict[str, None]) -> Iterator[Unit]:
        run = ""
        for w, word in enumerate(sentence.words):
            if word.syllables and not word.syllables[0].phones:
                run += word.text
                continue
            yield from self._longest(run, skipped)
            run = ""
            if word.syllables:
                yield from self._latin(word, skipped)
                yield from self._space(sentence.words[w + 1 :])
            else:
                yield from self._marks(word, sentence.words[w + 1 :])
        yield from self._longest(run, skipped)

    def _longest(self, run: str, skipped: dict[str, None]) -> Iterator[Unit]:
        place = 0
        while place < len(run):
            sizes = range(min(LONGEST_WORD, len(run) - place), 0, -1)
            size = next((n for n in sizes if run[place : place + n].lower() in self._lexicon), 0)
            if size:
                yield self._lexicon[run[place : place + size].lower()]
            else:
                skipped[run[place]] = None
            place += size or 1

    def _latin(self, word: Word, skipped: dict[str, None]) -> Iterator[Unit]:
        """Look a word up, or say the names of its letters."""
        written = word.text.lower()
        whole = self._lexicon.get(written)
        letters = [whole] if whole else [self._lexicon[letter] for letter in written if letter in self._lexicon]
        if not letters:
            skipped[word.text] = None
        yield from (unit._replace(language="en") for unit in letters)

    @cached_property
    def _lexicon(self) -> dict[str, Unit]:
        found = {}
        for line in self._text.lexicon.splitlines():
            entry, _, tones = line.partition("|")
            word, *ids = entry.split()
            found[word] = Unit(tuple(map(int, ids)), tuple(map(int, tones.split())), NOBODY, NOBODY)
        return found

    def _characters(self, sentence: Sentence, skipped: dict[str, None]) -> Iterator[Unit]:
        tokens = self._text.tokens
        for character in unicodedata.normalize("NFC", sentence.spoken.strip()):
            held = next((one for one in (character, character.lower(), self._inventory.mark(character)) if one in tokens), None)
            if held is not None:
                owner = NOBODY if character.isalnum() else MARK
                yield Unit((tokens[held],), (), owner, owner)
            elif not character.isspace():
                skipped[character] = None

    def _espeak(self, sentence: Sentence, skipped: dict[str, None]) -> Iterator[Unit]:
        if self._inventory.is_mandarin:
            owned = owned_phonemes(sentence.words, self._inventory)
        else:
            owned = tuple((phoneme, NOBODY, NOBODY) for phoneme in self._foreign(sentence))
        for phoneme, w, k in owned:
            if phoneme in self._text.tokens:
                yield Unit((self._text.tokens[phoneme],), (), w, k)
            else:
                skipped[phoneme] = None

    def _marks(self, word: Word, following: Sequence[Word]) -> Iterator[Unit]:
        """Return the symbol of a mark: none of a pause that markup asks for, nor at the end where it has none of its own."""
        mark = self._inventory.mark(word.text[:1]) if word.text else None
        if mark is not None:
            yield Unit((self._text.tokens[mark],))
        elif word.text and self._text.pause is not None and any(one.syllables for one in following):
            yield Unit((self._text.pause,))

    def _space(self, following: Sequence[Word]) -> Iterator[Unit]:
        if self._text.space is not None and any(word.syllables for word in following):
            yield Unit((self._text.space,))

    def _assembled(self, units: Sequence[Unit], skipped: tuple[str, ...]) -> Spelt:
        """Put begin, end and blanks around units; a blank is of whose symbol stands before it."""
        text = self._text
        rows = [row for unit in units for row in self._rows(unit)]
        begin, end = ([(row, 0, 0, MARK, MARK) for row in edge] for edge in (text.begin, text.end))
        if text.blank_edges:
            rows = [*begin, *rows, *end]
        if text.blank is not None:
            first = (text.blank, 0, 0, MARK, MARK)
            rows = [first, *(one for row in rows for one in (row, (text.blank, 0, 0, *row[3:])))]
        if not text.blank_edges:
            rows = [*begin, *rows, *end]
        ids, tones, languages, word, syllable = np.array(rows, np.int64).T.copy()
        known = not any(unit.word == NOBODY for unit in units)
        return Spelt(ids, tones, languages, Symbols(ids, word, syllable) if known else None, skipped)

    def _rows(self, unit: Unit) -> Iterator[tuple[int, int, int, int, int]]:
        language = self._text.language_ids.get(unit.language, 0)
        tones = unit.tones or (0,) * len(unit.ids)
        for row, tone in zip(unit.ids, tones, strict=True):
            yield row, tone, language, unit.word, unit.syllable


def spoken_words(sentence: Sentence, owners: Symbols) -> Sentence:
    """Return a sentence whose words that have no symbol are silent, so that nobody looks for their times."""
    said = set(owners.word_index.tolist())
    words = tuple(word if w in said else replace(word, syllables=()) for w, word in enumerate(sentence.words))
    return replace(sentence, words=words)
