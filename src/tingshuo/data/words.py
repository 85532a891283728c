"""Clips of single words, from folders of words or any known corpus whose texts are the words.

::

    DATA/开灯/ann_1.wav  DATA/开灯/bob_1.wav  DATA/关灯/ann_1.wav  DATA/_nothing_/street.wav

A folder is a word. What lies in ``_nothing_`` is none of them and of any length: noise, other words, talk;
``_background_noise_``, ``_unknown_`` and ``_silence_`` mean the same. The name of a file up to the first ``_`` is who speaks, and
clips of the same person are never in two splits. Where folders called train and dev hold the folders of words, these are the
splits; else a share of the people is held out, or, where nobody is told apart, a share of the clips.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from tingshuo.data.corpora.corpus import SOUND_SUFFIXES, SPLITS, Builder, Corpus
from tingshuo.data.corpora.registry import LAST, find_kind, read_corpus
from tingshuo.data.utterance import Utterance
from tingshuo.errors import DataError, RequestError

NOTHING = frozenset(("_nothing_", "_background_noise_", "_unknown_", "_silence_"))
"""Folders whose clips hold none of the words."""
DEV_SHARE = 0.1
FEWEST_SPEAKERS = 5
"""People of whom some may be held out; of fewer, everybody has to teach."""
FEWEST_CLIPS = 2
"""Of a word, to learn from."""


def read_words(path: Path, dev_share: float = DEV_SHARE) -> Corpus:
    """Read clips of words.

    Parameters
    ----------
    path : Path
        Folders of words, or a corpus of another layout.
    dev_share : float
        Share of the speakers that is held out when the data has no dev split, 0 to 0.5.

    Returns
    -------
    Corpus
        Rows whose text is the word, None where it is none of them; and what was skipped. Rows of the split test are left out.

    Raises
    ------
    DataError
        There are no clips, fewer than two words, or too few clips of one.
    RequestError
        The share is out of its range.
    """
    if not 0 <= dev_share <= 0.5:
        raise RequestError(f"the share of held-out speakers must be from 0 to 0.5, got {dev_share:g}", "dev_share")
    corpus = _read_folders(path) if find_kind(path) == LAST else read_corpus(path, dev_share=0)
    rows = [row for row in corpus.rows if row.split != "test"]
    _check(path, rows)
    return Corpus(_with_dev(rows, dev_share), corpus.skipped)


def words_of(rows: Sequence[Utterance]) -> tuple[str, ...]:
    """Return the words of a corpus, in the order of their spelling."""
    return tuple(sorted({row.text for row in rows if row.text is not None}))


def _read_folders(path: Path) -> Corpus:
    builder = Builder(path)
    for folder in _folders(path):
        if folder.name.lower() in SPLITS:
            for inner in _folders(folder):
                _add(builder, path, inner, SPLITS[folder.name.lower()])
        else:
            _add(builder, path, folder, "train")
    return builder.corpus()


def _folders(path: Path) -> list[Path]:
    return sorted(one for one in path.iterdir() if one.is_dir() and not one.name.startswith("."))


def _add(builder: Builder, root: Path, folder: Path, split: str) -> None:
    """Add the clips of a word."""
    word = None if folder.name.lower() in NOTHING else folder.name
    for sound in sorted(folder.rglob("*")):
        if sound.suffix.lower() not in SOUND_SUFFIXES or sound.name.startswith("."):
            continue
        speaker = sound.stem.partition("_")[0] if "_" in sound.stem else ""
        name = os.fspath(sound.relative_to(root).with_suffix(""))
        fields = {"text": word} if word is not None else {}
        builder.add(str(sound), sound, id=name, speaker=speaker or "speaker", split=split, **fields)


def _check(path: Path, rows: Sequence[Utterance]) -> None:
    words = words_of(rows)
    if len(words) < 2:
        raise DataError(
            f"{path}: holds {len(words)} words, and two are needed: give a folder that has a folder of clips for each word"
        )
    for word in words:
        count = sum(row.text == word and row.split == "train" for row in rows)
        if count < FEWEST_CLIPS:
            raise DataError(f"{path}: has {count} clips of {word!r} to learn from, at least {FEWEST_CLIPS} are needed")


def _with_dev(rows: Sequence[Utterance], share: float) -> list[Utterance]:
    """Return the rows with some held out: those of a share of the speakers, or of the clips of each word."""
    if share == 0 or any(row.split == "dev" for row in rows):
        return list(rows)
    speakers = sorted({row.speaker for row in rows if row.text is not None}, key=_place)
    if len(speakers) >= FEWEST_SPEAKERS:
        chosen = set(speakers[: max(1, round(share * len(speakers)))])
        held = {row.id for row in rows if row.speaker in chosen and row.text is not None}
    else:
        held = set()
        for word in words_of(rows):
            mine = sorted((row.id for row in rows if row.text == word), key=_place)
            held |= set(mine[: min(round(share * len(mine)), len(mine) - FEWEST_CLIPS)])
    taught = {row.text for row in rows if row.id not in held}
    return [row.replace(split="dev") if row.id in held and row.text in taught else row for row in rows]


def _place(name: str) -> str:
    """Return where something stands in an order that has nothing to do with its spelling."""
    return hashlib.sha256(name.encode()).hexdigest()
