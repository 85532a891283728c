"""The table of readers, and the one way to read a corpus of any layout."""

from collections.abc import Sequence
from pathlib import Path

from tingshuo.data.corpora.corpus import Corpus, Reader
from tingshuo.data.split import DEV_SHARE, with_dev
from tingshuo.errors import DataError, RequestError
from tingshuo.registry import Registry, Row

READERS = Registry(
    "corpus layout",
    {
        "aishell3": Row("tingshuo.data.corpora.aishell3:READER"),
        "baker": Row("tingshuo.data.corpora.baker:READER"),
        "folder": Row("tingshuo.data.corpora.folder:READER"),
        "kaldi": Row("tingshuo.data.corpora.kaldi:READER"),
        "ljspeech": Row("tingshuo.data.corpora.ljspeech:READER"),
        "manifest": Row("tingshuo.data.corpora.manifest:READER"),
        "pack": Row("tingshuo.data.corpora.pack:READER"),
    },
)
LAST = "folder"
"""Fits whatever has a sound file in it, so it is taken when nothing else fits."""


def read_corpus(path: Path, kind: str = "auto", parts: Sequence[str] = (), dev_share: float = DEV_SHARE) -> Corpus:
    """Read a corpus.

    Parameters
    ----------
    path : Path
        A folder or a manifest.
    kind : str
        A name of `READERS`; ``auto`` finds it from the content.
    parts : sequence of str
        Which parts of the corpus, where it has several, such as the sets of the pack; none means those that are of use.
    dev_share : float
        Share of the texts that is held out when the corpus has no dev split, 0 to 0.5; see `tingshuo.data.split`.

    Returns
    -------
    Corpus
        At least one row, and what was skipped. That a sound file can be decoded is not looked at here
        (`tingshuo.data.quality` does).

    Raises
    ------
    DataError
        The path is missing, of no known layout or of two, or nothing in it can be used.
    RequestError
        Unknown kind, or ``parts`` for a layout that has none.
    """
    reader = _reader(kind, find_kind(path) if kind == "auto" else kind, parts)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    corpus = reader.read(path, parts)
    return Corpus(with_dev(corpus.rows, dev_share), corpus.skipped)


def find_kind(path: Path) -> str:
    """Tell from its content which layout a corpus has.

    Raises
    ------
    DataError
        The path is missing, or none fits, or more than one.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    fitting = [kind for kind in READERS if kind != LAST and READERS.load(kind).probe(path)]
    if len(fitting) > 1:
        raise DataError(f"{path}: could be {' or '.join(fitting)}; name the one to read it as")
    if fitting:
        return fitting[0]
    if READERS.load(LAST).probe(path):
        return LAST
    raise DataError(f"{path}: is not a corpus of a known layout ({', '.join(READERS)}); docs/data.md shows them")


def _reader(asked: str, kind: str, parts: Sequence[str]) -> Reader:
    reader: Reader = READERS.load(kind)
    if parts and not reader.parts:
        raise RequestError(f"a corpus of layout {kind!r} has no parts to choose from, got {', '.join(parts)}", "parts")
    return reader
