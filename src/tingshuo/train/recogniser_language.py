"""The words of a recogniser of syllables: learnt from texts, those it began with, or those of the transcripts alone."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.lm.kneser_ney import estimate
from tingshuo.text.lm.ngram import NGram
from tingshuo.text.segment import segment
from tingshuo.text.spelling import Vocabulary, vocabulary_of
from tingshuo.train.language import plain_text, teach_language
from tingshuo.train.recogniser_config import LanguageConfig


class Language(NamedTuple):
    """A model of words, and how these sound."""

    model: NGram
    vocabulary: Vocabulary


def learn_language(
    config: LanguageConfig,
    texts: Sequence[str],
    rows: Sequence[Utterance],
    began: Language | None,
    tell: Callable[[float], None],
) -> Language:
    """Return the words that a recogniser writes.

    Parameters
    ----------
    config : LanguageConfig
        Whether the words are a closed set, and how long the n-grams are.
    texts : sequence of str
        Of `texts_of`.
    rows : sequence of Utterance
        The corpus. What is held out is kept from the words, but for a closed set.
    began : Language or None
        Of the bundle that the training began with: taken as it is where there are no texts.
    tell : callable
        Told the share of the work that is done.

    Raises
    ------
    DataError
        There is no sentence to learn from.
    """
    taught = [row.text for row in rows if row.split == "train" and row.text]
    if config.closed:
        return closed_language([*texts, *taught], config.order)
    if began is not None and not texts:
        return began
    held_out = [row.text for row in rows if row.split != "train" and row.text]
    return Language(*teach_language([*texts, *taught], held_out, config.order, tell))


def closed_language(texts: Iterable[str], order: int) -> Language:
    """Return a language of the words of some texts and no others, each text as likely as it is often there."""
    lexicon = load_lexicon()
    spoken = [plain for text in texts if (plain := plain_text(text))]
    model = estimate([[token.text for token in segment(plain, lexicon)] for plain in spoken], order)
    return Language(model, vocabulary_of(lexicon, model.units))


def texts_of(config: LanguageConfig) -> list[str]:
    """Return the texts in the files that a config names.

    Raises
    ------
    DataError
        One cannot be read.
    """
    return [text for path in map(Path, config.texts) for text in _lines(path)]


def _lines(path: Path) -> Iterator[str]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as UTF-8 text; language.texts takes files of sentences, one a line") from error
    return (line.rpartition("\t")[2] if path.suffix == ".tsv" else line for line in lines if line.strip())
