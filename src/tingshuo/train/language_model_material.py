"""Texts as units: what teaches a language model of characters, what chooses, and what judges it beside an n-gram model."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tingshuo.config.language import MARKS, UNKNOWN
from tingshuo.errors import DataError
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.lm.characters import sentences
from tingshuo.text.lm.kneser_ney import estimate
from tingshuo.text.lm.ngram import NGram
from tingshuo.train.language_model_config import LanguageModelTraining

Row = tuple[int, ...]
FEWEST_SENTENCES = 20


@dataclass(frozen=True)
class Material:
    """Sentences in units, none of them twice: those that teach, that choose a checkpoint, and that judge it.

    ``others`` is how many characters there may be beside those known.
    """

    characters: tuple[str, ...]
    others: int
    taught: tuple[Row, ...]
    choosing: tuple[Row, ...]
    judging: tuple[Row, ...]
    order: int

    @cached_property
    def ngram(self) -> NGram:
        """The n-gram model of the same sentences in the same units."""
        return estimate([spelled(row) for row in self.taught], self.order)

    def ngram_perplexity(self, rows: Sequence[Row]) -> float:
        """Return the perplexity per unit of sentences by the n-gram model, ends included."""
        return self.ngram.perplexity(spelled(row) for row in rows)


def spelled(row: Row) -> list[str]:
    """Return units as an n-gram model has them: by their numbers, so that what is not known is a unit like any other."""
    return [str(unit) for unit in row]


def read_texts(paths: Iterable[Path]) -> Iterator[str]:
    """Yield the lines of files of text; of a table (``.tsv``) the last column.

    Raises
    ------
    DataError
        One cannot be read.
    """
    for path in paths:
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
            raise DataError(f"{path}: cannot be read: {why}; give files of text, a sentence a line, in UTF-8") from error
        yield from (line.rpartition("\t")[2] if path.suffix == ".tsv" else line for line in lines if line.strip())


def gather(texts: Iterable[str], kept_back: Iterable[str], config: LanguageModelTraining) -> Material:
    """Return sentences as units; which are held out follows from the seed.

    Parameters
    ----------
    texts : iterable of str
        As they are written, of any length.
    kept_back : iterable of str
        Texts that a recogniser will be judged by: no sentence of these teaches, chooses or judges.
    config : LanguageModelTraining
        What is known, and how much is held out.

    Raises
    ------
    DataError
        There are too few sentences.
    """
    found = list(sentences(texts, kept_back))
    if len(found) < FEWEST_SENTENCES:
        raise DataError(f"{len(found)} sentences are too few to learn a language from; give at least {FEWEST_SENTENCES}")
    random.Random(config.loop.seed).shuffle(found)
    held = max(2, round(config.dev_share * len(found)))
    seen = Counter(character for sentence in found[held:] for character in sentence)
    characters = tuple(sorted(one for one, count in seen.items() if count >= config.fewest))
    if not characters:
        raise DataError(f"no character is in the texts {config.fewest} times; give more text, or lower fewest")
    ids = {character: n for n, character in enumerate(characters, MARKS)}
    rows = [tuple(ids.get(character, UNKNOWN) for character in sentence[: config.longest]) for sentence in found]
    half = held // 2
    others = len({one for word, _ in load_lexicon().entries() for one in word}.difference(ids))
    return Material(
        characters, max(1, others), tuple(rows[held:]), tuple(rows[:half]), tuple(rows[half:held]), config.order
    )  # fmt: skip
