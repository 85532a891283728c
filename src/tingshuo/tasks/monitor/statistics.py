"""How the recordings and texts that a voice was taught with are spread: ``statistics.json`` of a bundle.

Histograms over fixed bins and a few quantiles; no text and no name. `tingshuo.tasks.monitor.inputs` compares what is asked of the
voice with it.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import ArrayLike

from tingshuo.audio.f0 import track_f0
from tingshuo.config import StrictModel
from tingshuo.data.clips import Recording, read_recordings
from tingshuo.data.measures import measure_wav
from tingshuo.data.utterance import Utterance
from tingshuo.errors import BundleError, ConfigError, DataError, NotFoundError, SchemaVersionError
from tingshuo.store.bundle import Bundle
from tingshuo.text.split import split

STATISTICS = "statistics.json"
SCHEMA_VERSION = 1
MOST_RECORDINGS = 1000
"""So many recordings are read at most, evenly drawn from all: the standard error of a share is then 1.6 % or less, and a large
corpus takes no longer than a small one. Texts are all read."""
F0_HOP_S = 0.010
PROBABILITIES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""Of the quantiles that are kept."""

_SEMITONE = 2 ** (1 / 12)
EDGES: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "level_db": tuple(np.arange(-60, 0.5, 0.5).tolist()),
        "snr_db": tuple(np.arange(0, 91, 1.0).tolist()),
        "f0_hz": tuple((50 * _SEMITONE ** np.arange(0, 48.5, 0.5)).round(2).tolist()),
        "sentence_characters": tuple(np.arange(1.5, 121).tolist()),
    }
)
"""Borders of the bins of each quantity, fine enough to test distributions on; below the first and above the last one there is a
bin more. A file brings its own, so these may change."""
LABELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "level_db": ("语音电平", "level of the speech, dB"),
        "snr_db": ("信噪比", "signal to noise, dB"),
        "f0_hz": ("基频中位数", "median F0, Hz"),
        "sentence_characters": ("句子的字数", "characters of a sentence"),
    }
)
"""Chinese and English names, in the order in which they are shown."""
_MARKUP = re.compile(r"<[^>]*>")
_BLANK = re.compile(r"\s+")

Progress = Callable[[int, int], None]
"""Told how many of how many recordings are read."""
Values = dict[str, list[float]]
"""Quantity to its values."""
Count = Annotated[int, Meta(ge=0)]


class Spread(StrictModel, frozen=True, kw_only=True):
    """How the values of a quantity are spread."""

    edges: Annotated[tuple[float, ...], Meta(min_length=1)]
    counts: tuple[Count, ...]
    """Of the bins: below the first edge, between the edges (the lower one belongs to the bin), from the last edge on."""
    quantiles: tuple[float, ...]
    """At `PROBABILITIES`."""

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        if any(a >= b for a, b in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("the edges do not ascend")
        if len(self.counts) != len(self.edges) + 1 or not sum(self.counts):
            raise ValueError(f"{len(self.edges)} edges need {len(self.edges) + 1} counts, not all of them 0")
        if len(self.quantiles) != len(PROBABILITIES):
            raise ValueError(f"there must be {len(PROBABILITIES)} quantiles")

    @property
    def n(self) -> int:
        """Number of values."""
        return sum(self.counts)

    @property
    def median(self) -> float:
        """The middle value."""
        return self.quantiles[PROBABILITIES.index(0.5)]


class Statistics(StrictModel, frozen=True, kw_only=True):
    """statistics.json."""

    schema_version: int
    spreads: dict[str, Spread]
    """By quantity, a key of `EDGES`; what was not known is left out."""

    def __post_init__(self) -> None:
        """Refuse quantities that are not known."""
        unknown = sorted(set(self.spreads) - set(EDGES))
        if unknown:
            raise ValueError(f"unknown quantity {unknown[0]!r}; known: {', '.join(EDGES)}")

    def encode(self) -> bytes:
        """Return the content of the file."""
        return json.dumps(self.fields(), separators=(",", ":")).encode() + b"\n"


def statistics_of_rows(rows: Sequence[Utterance], *, most: int = MOST_RECORDINGS, progress: Progress | None = None) -> Statistics:
    """Measure the recordings and texts of rows.

    Parameters
    ----------
    rows : sequence of Utterance
        What a voice was taught with; paths as `tingshuo.data.utterance.read_manifest` returns them. A row may lack its text.
    most : int
        Recordings that are read, evenly drawn.
    progress : callable or None
        Told how many of how many recordings are read.

    Raises
    ------
    DataError
        There is no row, or none of the recordings can be read; the message has the first reason.
    """
    values, unread = measure_recordings(rows, most=most, progress=progress)
    if not values["level_db"]:
        raise DataError(f"no recording can be measured: {unread[0] if unread else 'there is none'}")
    return spread_out(values | {"sentence_characters": sentence_lengths(row.text for row in rows if row.text)})


def statistics_of_texts(texts: Iterable[str]) -> Statistics:
    """Measure texts alone, for voices that were taught by another voice.

    Raises
    ------
    DataError
        There is no text.
    """
    values: Values = {"sentence_characters": sentence_lengths(texts)}
    if not values["sentence_characters"]:
        raise DataError("there is no text to measure")
    return spread_out(values)


def measure_recordings(
    rows: Sequence[Utterance], *, most: int = MOST_RECORDINGS, progress: Progress | None = None
) -> tuple[Values, list[str]]:
    """Measure level, signal to noise and median F0 of recordings.

    Returns
    -------
    tuple
        The values, one a recording (F0 is missing where there is no voice), and a sentence for each that cannot be read.
    """
    drawn = [rows[k] for k in np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)] if rows else []
    values: Values = {"level_db": [], "snr_db": [], "f0_hz": []}
    unread = []
    for done, (_, recording) in enumerate(read_recordings(drawn), 1):
        if isinstance(recording, Recording):
            measures = measure_wav(*recording)
            values["level_db"].append(measures.level_db)
            values["snr_db"].append(measures.snr_db)
            f0 = track_f0(recording.wav, recording.sample_rate, max(1, round(F0_HOP_S * recording.sample_rate)))
            if f0.any():
                values["f0_hz"].append(float(np.median(f0[f0 > 0])))
        else:
            unread.append(str(recording))
        if progress is not None:
            progress(done, len(drawn))
    return values, unread


def sentence_lengths(texts: Iterable[str]) -> list[float]:
    """Return the length of each sentence, cut as the front-end cuts: its characters without blanks and markup.

    Sentences and not texts, for a voice speaks sentence by sentence: a chapter is nothing new to it, long sentences are.
    """
    lengths = []
    for text in texts:
        plain = _MARKUP.sub(" ", text) if text.lstrip().startswith("<") else text
        for line in plain.splitlines():
            pieces = (line[piece.start : piece.end] for piece in split(line, first_budget=0))
            lengths += [float(len(_BLANK.sub("", piece))) for piece in pieces if any(map(str.isalnum, piece))]
    return lengths


def spread_out(values: Mapping[str, Sequence[float]], edges: Mapping[str, Sequence[float]] = EDGES) -> Statistics:
    """Return the statistics of values; quantities without any are left out.

    Parameters
    ----------
    values : mapping
        Quantity to its values.
    edges : mapping
        Quantity to the borders of its bins.
    """
    return Statistics(
        schema_version=SCHEMA_VERSION,
        spreads={
            name: Spread(
                edges=tuple(edges[name]),
                counts=tuple(counts_of(found, edges[name])),
                quantiles=tuple(round(float(v), 3) for v in np.quantile(found, PROBABILITIES)),
            )
            for name, found in values.items()
            if len(found)
        },
    )


def counts_of(values: ArrayLike, edges: Sequence[float]) -> list[int]:
    """Count values in the bins of `Spread`."""
    found: list[int] = np.bincount(np.searchsorted(np.asarray(edges), values, side="right"), minlength=len(edges) + 1).tolist()
    return found


def read_statistics(bundle: Bundle) -> Statistics:
    """Read what a voice was taught with.

    Raises
    ------
    NotFoundError
        The bundle does not say; the message has the remedy.
    SchemaVersionError
        It was written by a newer version of Tingshuo.
    BundleError
        The file is damaged.
    """
    name = f"{bundle.manifest.name} {bundle.manifest.version}"
    if STATISTICS not in bundle.manifest.files:
        raise NotFoundError(
            f"{name} has no {STATISTICS}, so what it was taught with is not known; name those recordings with --data, or train "
            "the voice with this version, which writes the file"
        )
    path = bundle.file(STATISTICS)
    try:
        fields = json.loads(path.read_bytes())
        version = fields.get("schema_version") if isinstance(fields, dict) else None
        if isinstance(version, int) and version != SCHEMA_VERSION:
            raise SchemaVersionError(
                f"{path}: schema version {version} is not known here (known: {SCHEMA_VERSION}); update tingshuo"
            )
        return Statistics.check(fields, str(path))
    except (OSError, ValueError, ConfigError) as error:
        raise BundleError(f"{path}: cannot be used: {error}") from error
