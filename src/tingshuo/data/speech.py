"""The words of a recording, through the very front-end that serves: what a voice learns is what it will be asked for.

A text of several sentences becomes one sequence of words and pauses, for it is one clip. Where a row has pinyin, its syllables
win over the front-end's: the corpus knows what the reader said. Only tone sandhi stays the front-end's, for most corpora write
citation tones, and a voice has to learn the tones that it will be asked for.

English rows get English phones. In Chinese text Latin words get them where the row is marked as mixed (``zh-en``), or where the
corpus teaches a voice that has English phones; else they are the syllables that a voice without them would say.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tingshuo.data.utterance import Utterance
from tingshuo.errors import TextError
from tingshuo.text.frontend import Frontend
from tingshuo.text.lang.en import in_small_letters, spell_numbers
from tingshuo.text.symbols import make_syllable
from tingshuo.types import Syllable, Word

LANGUAGES = frozenset({"zh", "cmn", "en"})
"""Primary language tags that the front-end can speak."""
_CHANGING = ("一", "不")
"""Characters whose tone depends on what follows."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said in a recording.

    ``words`` are words and pauses, without pauses at either end; empty when nothing is known of them. ``warnings`` are
    sentences: why there are no words, what of the text was dropped, why the row's pinyin was not used. A row that has neither
    text nor pinyin has neither words nor warnings.
    """

    words: tuple[Word, ...] = ()
    warnings: tuple[str, ...] = ()


def in_english(lang: str) -> bool:
    """Tell whether a recording has English in it: ``en``, ``en-GB``, ``zh-en``."""
    return "en" in lang.lower().replace("_", "-").split("-")


def words_of(utterance: Utterance, *, english: bool = False) -> Spoken:
    """Return the words and pauses of a recording.

    Parameters
    ----------
    utterance : Utterance
        Its ``text`` is read as the front-end reads any request. Its ``pinyin`` replaces the syllables one for one; a
        rhotacised syllable (点儿) may be written as one (``dianr3``) or as two (``dian3 er5``). Pinyin without a text makes a
        word of each syllable.
    english : bool
        Give Latin words English phones in every row; else only in those whose language says so.
    """
    if not (utterance.text or utterance.pinyin):
        return Spoken()
    primary = utterance.lang.lower().replace("_", "-").split("-")[0]
    if primary not in LANGUAGES:
        return Spoken(warnings=(f"The text is in {utterance.lang!r}; only Mandarin (zh) and English (en) can be spoken.",))
    pinyin = (utterance.pinyin or "").split()
    try:
        syllables = [make_syllable("", one) for one in pinyin]
        doubt: tuple[str, ...] = ()
    except TextError as error:
        syllables, doubt = [], (f"The pinyin is not used: {error}.",)
    text = utterance.text or ""
    if not text.strip():
        return Spoken(tuple(Word(one.pinyin, (one,)) for one in syllables), doubt)
    frontend = Frontend(english=english or in_english(utterance.lang))
    try:
        sentences = list(frontend.sentences(spell_numbers(in_small_letters(text)) if primary == "en" else text))
    except TextError as error:
        return Spoken(warnings=(f"The text cannot be spoken: {error}.",))
    words = _without_outer_pauses([word for sentence in sentences for word in sentence.words])
    if syllables:
        read = _with_syllables(words, syllables)
        if read is None:
            count = sum(len(word.syllables) for word in words)
            doubt = (f"The pinyin is not used: it has {len(syllables)} syllables and the text has {count}.",)
        words = read or words
    return Spoken(tuple(words), (*doubt, *frontend.warnings))


def _without_outer_pauses(words: Sequence[Word]) -> list[Word]:
    spoken = [w for w, word in enumerate(words) if word.syllables]
    return list(words[spoken[0] : spoken[-1] + 1])


def _with_syllables(words: Iterable[Word], syllables: Sequence[Syllable]) -> list[Word] | None:
    """Give the words other syllables, None where the two do not match one to one."""
    words = list(words)
    said = [syllable for word in words for syllable in word.syllables]
    if len(said) == len(syllables):
        others = iter([_spoken(*pair) for pair in zip(said, syllables, strict=True)])
    elif len(syllables) == sum(_written(syllable) for syllable in said):
        others = _merged(said, syllables)
    else:
        return None
    return [replace(word, syllables=tuple(next(others) for _ in word.syllables)) for word in words]


def _written(syllable: Syllable) -> int:
    """Characters that a syllable was written with: two where 儿 is spoken with what precedes it."""
    return 2 if syllable.erhua and len(syllable.hanzi) > 1 else 1


def _merged(said: Iterable[Syllable], syllables: Iterable[Syllable]) -> Iterator[Syllable]:
    """Yield a row's syllables, 儿 joined to the one before wherever the front-end joins it."""
    rest = iter(syllables)
    for syllable in said:
        other = next(rest)
        if _written(syllable) == 2:
            next(rest)
            if not other.erhua:
                other = make_syllable("", f"{other.pinyin[:-1]}r{other.tone}")
        yield _spoken(syllable, other)


def _spoken(said: Syllable, written: Syllable) -> Syllable:
    """Return a row's syllable with the tone that sandhi gives it in the front-end's reading."""
    alike = (said.initial, said.final, said.erhua) == (written.initial, written.final, written.erhua)
    if alike and (said.hanzi in _CHANGING or (written.tone, said.tone) == (3, 2)):
        return said
    return replace(written, hanzi=said.hanzi)
