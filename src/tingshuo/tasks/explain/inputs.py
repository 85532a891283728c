"""The inputs of a sentence, and what each is replaced with: words in, words with one input replaced out.

A replacement has to be something that the voice has heard in training, or its answer tells how the voice reacts to nonsense.
So phones are replaced with those of the commonest syllable, *de*, and not with silence, which never stands in the middle of a
word: silence in place of one word moves the lengths of all other syllables by 10 % (mean absolute change, built-in voice, the
sentences of `tingshuo.tasks.evaluate.sentences`), *de* by 3 %. The number of spoken phones stays, so frames of both answers can
be compared one by one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tingshuo.text.symbols import ARPABET, ENGLISH, UNSTRESSED
from tingshuo.types import Syllable, Word

Words = tuple[Word, ...]

NEUTRAL_TONE = 5
ENGLISH_VOWELS = frozenset(ENGLISH + phone for phone in ARPABET[:15])
NEUTRAL = (("d", "e"), ("d", "a"))
"""Initial and final that take the place of others; the second where a word consists of the first alone (的)."""
NEUTRAL_ENGLISH = (("en:D", "en:AH"), ("en:D", "en:EH"))
"""Consonant and vowel, as in Mandarin."""
TONES = {
    1: ("一声", "first tone"),
    2: ("二声", "second tone"),
    3: ("三声", "third tone"),
    4: ("四声", "fourth tone"),
    7: ("次重音", "secondary stress"),
    8: ("重音", "stress"),
}
"""Tones that can be replaced, and what they are called; a tone that is neutral, or no stress, has nothing neutral to become."""
LINE_END = "↵"
"""Written for a pause without a mark."""
NO_TONE = {NEUTRAL_TONE: ("轻声", "neutral tone"), UNSTRESSED: ("不重读", "no stress")}


@dataclass(frozen=True, slots=True)
class Replacement:
    """One input replaced: see `tingshuo.tasks.explain.result.Influence`; ``word`` and ``syllable`` say where in the words."""

    kind: str
    of: str
    value: str
    instead: str
    span: tuple[int, int]
    word: int
    syllable: int = 0

    def apply(self, words: Words) -> Words:
        """Return the words with this input replaced; the number of words and of spoken phones stays."""
        word = words[self.word]
        if self.kind == "pause":
            return _with(words, self.word, replace(word, pause_ms=0))
        if self.kind == "boundary":
            before = words[self.word - 1]
            joined = replace(before, text=before.text + word.text, syllables=before.syllables + word.syllables)
            # What is left keeps its text: a pause word without one would count as a break from markup.
            return _with(_with(words, self.word - 1, joined), self.word, replace(word, syllables=(), pause_ms=0))
        if self.kind == "tone":
            return _with(words, self.word, _neutral_tone(word, self.syllable))
        return _with(words, self.word, neutral_phones(word))


def replacements(words: Words) -> Iterator[Replacement]:
    """Yield every input of single places: phones of words, tones of syllables, boundaries between words, pauses."""
    at = 0
    for w, word in enumerate(words):
        n = len(word.syllables)
        if not n:
            if word.pause_ms:
                yield Replacement("pause", word.text or LINE_END, "", "", (at, at), w)
            continue
        yield Replacement("phones", word.text, "", _spelled(neutral_phones(word)), (at, at + n), w)
        for s, syllable in enumerate(word.syllables):
            if syllable.tone in TONES:
                tone = UNSTRESSED if syllable.phones else NEUTRAL_TONE
                yield Replacement("tone", label(syllable), str(syllable.tone), str(tone), (at + s, at + s + 1), w, s)
        if w and words[w - 1].syllables:
            yield Replacement("boundary", word.text, "", "", (at, at), w)
        at += n


def apply_all(words: Words, chosen: Iterable[Replacement]) -> Words:
    """Return the words with several inputs replaced at once."""
    # Joining moves syllables to the word before, so it comes last, and from the right.
    for one in sorted(chosen, key=lambda one: (one.kind == "boundary", -one.word)):
        words = one.apply(words)
    return words


def neutral_phones(word: Word) -> Word:
    """Return a word with the phones of *de* in each syllable, and tones, erhua and number of phones as they are."""
    for choice in range(len(NEUTRAL)):
        made = replace(word, syllables=tuple(_neutral(syllable, choice) for syllable in word.syllables))
        if made != word:
            break
    return made


def label(syllable: Syllable) -> str:
    """Return what is written for a syllable: its character or letters, else its pinyin."""
    return syllable.hanzi or syllable.pinyin


def _neutral(syllable: Syllable, choice: int) -> Syllable:
    if syllable.phones:
        consonant, vowel = NEUTRAL_ENGLISH[choice]
        return replace(syllable, phones=tuple(vowel if phone in ENGLISH_VOWELS else consonant for phone in syllable.phones))
    initial, final = NEUTRAL[choice]
    return replace(syllable, initial=initial if syllable.initial else "", final=final)


def _spelled(word: Word) -> str:
    """``de de``; English phones without their mark: ``D AH D``."""
    phones = (s.phones or (s.initial + s.final + ("r" if s.erhua else ""),) for s in word.syllables)
    return " ".join(phone.removeprefix(ENGLISH) for of in phones for phone in of)


def _neutral_tone(word: Word, s: int) -> Word:
    syllable = word.syllables[s]
    made = replace(syllable, tone=UNSTRESSED if syllable.phones else NEUTRAL_TONE)
    return replace(word, syllables=(*word.syllables[:s], made, *word.syllables[s + 1 :]))


def _with(words: Sequence[Word], w: int, word: Word) -> Words:
    return (*words[:w], word, *words[w + 1 :])
