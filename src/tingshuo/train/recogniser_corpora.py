"""The recordings that a recogniser is taught with: one corpus or several, with some held out."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from tingshuo.data.corpora.corpus import Corpus
from tingshuo.data.corpora.registry import read_corpus
from tingshuo.data.utterance import Utterance
from tingshuo.data.words import read_words
from tingshuo.train.recogniser_config import RecogniserTraining

FEWEST_PEOPLE = 5
"""Of whom some may be held out; of fewer, clips are."""


def read_corpora(paths: Sequence[Path], config: RecogniserTraining, kind: str = "auto", parts: Sequence[str] = ()) -> Corpus:
    """Read corpora as one.

    Parameters
    ----------
    paths : sequence of Path
        Of any layout; with a closed language also folders of words, see `tingshuo.data.words`.
    config : RecogniserTraining
        What is held out where a corpus has no dev split.
    kind, parts : str, sequence of str
        As for `tingshuo.data.corpora.registry.read_corpus`, of each.

    Returns
    -------
    Corpus
        Where there are several, the ids of each begin with its place from 1 on, and rows that tell no source have the corpus's
        name as theirs.

    Raises
    ------
    DataError
        One cannot be read, or holds nothing that can be used.
    RequestError
        Unknown kind, or parts of what has none.
    """
    read = _closed if config.language.closed else read_corpus
    corpora = [read(path, kind, parts, config.dev_share) for path in paths]
    if len(corpora) == 1:
        return corpora[0]
    rows, skipped = [], []
    for place, (path, corpus) in enumerate(zip(paths, corpora, strict=True), 1):
        name = path.absolute().name
        rows += [row.replace(id=f"{place}/{row.id}", source=row.source or name) for row in corpus.rows]
        skipped += corpus.skipped
    return Corpus(rows, skipped)


def _closed(path: Path, kind: str, parts: Sequence[str], share: float) -> Corpus:
    """Read a corpus in which everything that is said is said by many."""
    corpus = read_corpus(path, kind, parts, 0)
    if not any(row.text or row.pinyin for row in corpus.rows):
        return read_words(path, share)
    return Corpus(_with_people_held_out(corpus.rows, share), corpus.skipped)


def _with_people_held_out(rows: Sequence[Utterance], share: float) -> list[Utterance]:
    """Return rows with the clips of a share of the people held out, or a share of the clips where people are few."""
    if share == 0 or any(row.split == "dev" for row in rows):
        return list(rows)
    people = len({row.speaker for row in rows}) >= FEWEST_PEOPLE
    keys = sorted({_key(row, people) for row in rows if row.split == "train"}, key=_place)
    chosen = set(keys[: max(1, round(share * len(keys)))]) if len(keys) > 1 else set()
    return [row.replace(split="dev") if row.split == "train" and _key(row, people) in chosen else row for row in rows]


def _key(row: Utterance, people: bool) -> str:
    return row.speaker if people else row.id


def _place(name: str) -> str:
    """Return where something stands in an order that has nothing to do with its spelling."""
    return hashlib.sha256(name.encode()).hexdigest()
