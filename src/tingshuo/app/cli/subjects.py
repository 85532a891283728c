"""What a voice is evaluated on: rows of a corpus, or texts; and the aligner that tells the rows' timing."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tingshuo.errors import RequestError

if TYPE_CHECKING:
    from tingshuo.data.utterance import Utterance
    from tingshuo.train.aligner import Aligner

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Subject:
    """Rows, or texts where there are no rows, and what to call them."""

    name: str
    rows: "tuple[Utterance, ...]" = ()
    lines: tuple[str, ...] = ()


def read_rows(
    data: Path, parts: list[str] | None = None, split: str = "dev", speaker: str | None = None, count: int | None = None
) -> Subject:
    """Return rows of a corpus that have a text, at most ``count`` of them.

    Raises
    ------
    RequestError
        There is none in the split, or of the speaker.
    DataError
        The corpus cannot be read.
    """
    from tingshuo.data.corpora.registry import read_corpus

    parts = parts or []
    corpus = [row for row in read_corpus(data, parts=parts).rows if row.text]
    of_split = [row for row in corpus if row.split == split]
    if not of_split:
        there = sorted({row.split for row in corpus})
        raise RequestError(f"{data}: has no row with a text in split {split!r}; there are: {', '.join(there) or 'none'}", "split")
    rows = [row for row in of_split if speaker in (None, row.speaker)]
    if not rows:
        speakers = sorted({row.speaker for row in of_split})
        raise RequestError(
            f"{data}: split {split!r} has no row of {speaker!r}; its speakers: {', '.join(speakers[:20])}", "speaker"
        )
    name = " ".join([data.resolve().name, *parts, *([speaker] if speaker else [])])
    return Subject(f"{name}, split {split}", rows=tuple(draw(rows, count)))


def read_lines(texts: Path | None = None, count: int | None = None) -> Subject:
    """Return the lines of a file, or our own sentences for None, at most ``count`` of them.

    Raises
    ------
    RequestError
        The file cannot be read, is not UTF-8 or holds no text.
    """
    if texts is None:
        from tingshuo.tasks.evaluate.sentences import SENTENCES

        return Subject("the built-in sentences", lines=tuple(draw(list(SENTENCES), count)))
    try:
        lines = [line.strip() for line in texts.read_text("utf-8-sig").splitlines() if line.strip()]
    except OSError as error:
        raise RequestError(f"{texts}: cannot be read: {error.strerror}", "texts") from error
    except UnicodeDecodeError as error:
        raise RequestError(f"{texts}: is not UTF-8; convert it, as with iconv -f GB18030 -t UTF-8", "texts") from error
    if not lines:
        raise RequestError(f"{texts}: holds no text", "texts")
    return Subject(texts.name, lines=tuple(draw(lines, count)))


def draw(things: list[T], count: int | None) -> list[T]:
    """Return at most ``count`` of them, in their order, the same ones every time."""
    if count is None or count >= len(things):
        return things
    chosen = sorted(random.Random(0).sample(range(len(things)), count))
    return [things[index] for index in chosen]


def find_aligner(voice: str, named: str | None = None) -> "Aligner | None":
    """Return the aligner of a voice, else that of the built-in voice, else None; that of another voice when one is named.

    Raises
    ------
    RequestError
        The named voice brings none.
    UnknownVoiceError
        No such voice.
    BundleError
        A bundle is damaged.
    TrainError
        An aligner is damaged.
    """
    from tingshuo.store.bundle import open_bundle
    from tingshuo.store.sealing import readable
    from tingshuo.tasks.voices import DEFAULT, find_voice
    from tingshuo.train.aligner import bundled_aligner

    found = (bundled_aligner(readable(open_bundle(find_voice(name)))) for name in ([named] if named else [voice, DEFAULT]))
    aligner = next(filter(None, found), None)
    if aligner is None and named:
        raise RequestError(f"the voice {named!r} brings no aligner; name one that does", "aligner")
    return aligner
