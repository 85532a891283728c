"""What differs between two bundles: config, statements, figures, tensors and files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.store.bundle import Bundle
from tingshuo.store.manifest import Measurement

STATEMENTS_LEFT_OUT = ("files", "graphs", "measured", "created_with")
"""Fields of a manifest that are compared otherwise, or tell of the machine alone."""


class Difference(NamedTuple):
    """A value here and there; None where there is none."""

    where: str
    old: Any
    new: Any


class TensorDifference(NamedTuple):
    """A tensor that differs.

    ``how`` is ``new``, ``gone``, ``reshaped`` or ``changed``; ``relative`` is the norm of the change over the norm of the old
    tensor, where both have a shape.
    """

    file: str
    name: str
    how: str
    shape: tuple[int, ...]
    relative: float | None


@dataclass(frozen=True, slots=True)
class Differences:
    """Everything that `compare` found; ``files`` holds sizes in bytes of files whose content differs."""

    config: tuple[Difference, ...]
    statements: tuple[Difference, ...]
    figures: tuple[Difference, ...]
    tensors: tuple[TensorDifference, ...]
    files: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.config or self.statements or self.figures or self.tensors or self.files)


def compare(old: Bundle, new: Bundle) -> Differences:
    """Compare two bundles.

    Raises
    ------
    BundleError
        A tensor file is malformed or has a NaN.
    """
    statements = [
        {key: value for key, value in bundle.manifest.fields().items() if key not in STATEMENTS_LEFT_OUT} for bundle in (old, new)
    ]
    return Differences(
        config=tuple(_differing(old.settings.fields(), new.settings.fields())),
        statements=tuple(_differing(*statements)),
        figures=tuple(_differing(_figures(old.manifest.measured), _figures(new.manifest.measured))),
        tensors=tuple(_tensors(old, new)),
        files=tuple(_files(old, new)),
    )


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    before, after = dict(_leaves("", old)), dict(_leaves("", new))
    for where in sorted({*before, *after}):
        if before.get(where) != after.get(where):
            yield Difference(where, before.get(where), after.get(where))


def _leaves(where: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every value and its place; what a list of records holds goes by the records' names, where they have any."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{where}.{key}" if where else key, inner)
    elif isinstance(value, list | tuple) and value and all(isinstance(row, Mapping) and "name" in row for row in value):
        for row in value:
            yield from _leaves(f"{where}.{row['name']}", {key: inner for key, inner in row.items() if key != "name"})
        yield where, [row["name"] for row in value]
    else:
        yield where, value


def compare_figures(old: Bundle, new: Bundle) -> tuple[Difference, ...]:
    """Return every figure of either manifest, also those that do not differ."""
    before, after = (_figures(bundle.manifest.measured) for bundle in (old, new))
    return tuple(Difference(where, before.get(where), after.get(where)) for where in sorted({*before, *after}))


def _figures(measured: tuple[Measurement, ...]) -> dict[str, Any]:
    return {
        f"{one.engine} {one.precision} {one.machine} {name}": value for one in measured for name, value in one.figures.items()
    }


def _files(old: Bundle, new: Bundle) -> Iterator[Difference]:
    before, after = old.manifest.files, new.manifest.files
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            sizes = [files[name].size if name in files else None for files in (before, after)]
            yield Difference(name, *sizes)


def _tensors(old: Bundle, new: Bundle) -> Iterator[TensorDifference]:
    for difference in _files(old, new):
        if not difference.where.endswith(".safetensors"):
            continue
        before, after = (
            bundle.tensors(difference.where) if size is not None else {}
            for bundle, size in ((old, difference.old), (new, difference.new))
        )
        for name in sorted({*before, *after}):
            found = _tensor(before.get(name), after.get(name))
            if found:
                yield TensorDifference(difference.where, name, *found)


def _tensor(old: NDArray[Any] | None, new: NDArray[Any] | None) -> tuple[str, tuple[int, ...], float | None] | None:
    if old is None or new is None:
        there = old if old is not None else new
        assert there is not None
        return "gone" if new is None else "new", there.shape, None
    if old.shape != new.shape:
        return "reshaped", new.shape, None
    if old.dtype == new.dtype and np.array_equal(old, new):
        return None
    change, size = (float(np.linalg.norm(part.astype(np.float64))) for part in (new.astype(np.float64) - old, old))
    return "changed", new.shape, change / size if size else float("inf")


class Worse(NamedTuple):
    """A figure that is worse: by how much of the old one, 0.05 being 5 %; infinite where the old one was 0."""

    where: str
    old: float
    new: float
    share: float


ERRORS = ("durations_changed", "f0_rmse_cents", "voicing_changed", "mel_l1_nepers", "gain_l1_nepers")
"""Figures that `tingshuo.port.variants` writes into manifests: how far int8 moves what is heard; lower is better."""


def worse(figures: Iterable[Difference], better: Mapping[str, str], tolerance: float) -> tuple[Worse, ...]:
    """Return the figures that are worse by more than a share of what they were.

    Parameters
    ----------
    figures : iterable of Difference
        Their places end with their names. One that is missing on a side is not judged.
    better : Mapping of str to str
        ``lower`` or ``higher`` by name; figures without one are not judged.
    tolerance : float
        Such as 0.05 for 5 %.
    """
    found = []
    for where, old, new in judged(figures, better):
        loss = new - old if better[where.split()[-1]] == "lower" else old - new
        share = loss / abs(old) if old else float("inf")
        if loss > 0 and share > tolerance:
            found.append(Worse(where, old, new, share))
    return tuple(found)


def judged(figures: Iterable[Difference], better: Mapping[str, str]) -> tuple[Difference, ...]:
    """Return the figures that both sides have and of which it is known which way is better."""
    return tuple(figure for figure in figures if better.get(figure.where.split()[-1]) and None not in (figure.old, figure.new))
