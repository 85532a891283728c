"""A folder of inputs and of what another program answered to them, read strictly.

``spec.json`` says of every array what it means and how far ours may be off, ``golden.npz`` holds them: ``CASE.in.NAME`` an input
of a case, ``in.NAME`` one of every case, ``CASE.NAME`` an answer. docs/verify.md tells how such a folder is made;
`tingshuo.tasks.golden_compare` compares a bundle with it.
"""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tingshuo.errors import ConfigError, NotFoundError
from tingshuo.tasks.golden_draws import Draws, noise_of

Array = NDArray[Any]
SPEC, ARRAYS = "spec.json", "golden.npz"


class Stored(NamedTuple):
    """An answer of the original: numbers, and the largest difference by precision; ``""`` is of any."""

    value: Array
    tolerances: Mapping[str, float]
    meaning: str

    def tolerance(self, precision: str) -> float:
        """Return the largest difference that is allowed at a precision."""
        return self.tolerances.get(precision, self.tolerances[""])


@dataclass(frozen=True, slots=True)
class Case:
    """One run of the original: what went in, ``told`` about it in the spec, and what came out."""

    name: str
    inputs: Mapping[str, Array]
    stored: Mapping[str, Stored]
    told: Mapping[str, Any]
    draws: Draws
    others: Mapping[str, Mapping[str, Array]] = field(default_factory=dict)
    """Inputs of the other cases, for one that was made of what another was."""

    def has(self, *names: str) -> bool:
        """Whether it has these inputs."""
        return all(name in self.inputs for name in names)

    def number(self, name: str, default: float) -> float:
        """Return a number that the spec tells of it.

        Raises
        ------
        ConfigError
            What it tells is no number.
        """
        told = self.told.get(name, default)
        if isinstance(told, bool) or not isinstance(told, int | float):
            raise ConfigError(f"case {self.name!r}: {name!r} among its inputs in {SPEC} is to be a number, it is {told!r}")
        return told


@dataclass(frozen=True, slots=True)
class GoldenFolder:
    """A folder that has been read."""

    path: Path
    name: str
    cases: tuple[Case, ...]


def read_folder(path: Path) -> GoldenFolder:
    """Read a folder.

    Raises
    ------
    NotFoundError
        It or one of its two files is not there.
    ConfigError
        A file cannot be read, or the two do not fit each other.
    """
    for file in (path / SPEC, path / ARRAYS):
        if not file.is_file():
            raise NotFoundError(f"{path}: is no golden folder, it has no {file.name}; docs/verify.md tells how one is made")
    spec, arrays = _spec(path / SPEC), _arrays(path / ARRAYS)
    rows = _rows(path, spec, arrays)
    told = spec.get("inputs", {})
    named = [name for name in arrays if not name.startswith("in.")]
    cases = dict.fromkeys(name.partition(".")[0] for name in named)
    shared = {name.removeprefix("in."): array for name, array in arrays.items() if name.startswith("in.")}
    made = tuple(_case(path, case, told, shared, rows, spec) for case in cases)
    if not made:
        raise ConfigError(f"{path / ARRAYS}: has no answers; they are called CASE.NAME")
    given = {case.name: case.inputs for case in made}
    made = tuple(replace(case, others={name: one for name, one in given.items() if name != case.name}) for case in made)
    return GoldenFolder(path, str(spec.get("name", path.name)), made)


def _spec(path: Path) -> dict[str, Any]:
    try:
        spec = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(spec, dict) or not isinstance(spec.get("golden"), dict):
        raise ConfigError(f"{path}: has no table 'golden' that says of every array what it means and how far off it may be")
    if not isinstance(spec.get("inputs", {}), dict):
        raise ConfigError(f"{path}: 'inputs' is no table of cases")
    return spec


def _arrays(path: Path) -> dict[str, Array]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:  # numpy leaves a torn one open
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path}: cannot be read as arrays of numpy: {error}") from error


def _rows(path: Path, spec: Mapping[str, Any], arrays: Mapping[str, Array]) -> dict[str, Stored]:
    golden = spec["golden"]
    missing, unknown = [name for name in golden if name not in arrays], [name for name in arrays if name not in golden]
    if missing:
        raise ConfigError(f"{path / ARRAYS}: lacks {len(missing)} arrays of which {SPEC} tells, the first {missing[0]!r}")
    if unknown:
        raise ConfigError(f"{path / SPEC}: says nothing of {len(unknown)} arrays in {ARRAYS}, the first {unknown[0]!r}")
    return {name: _stored(path, name, golden[name], array) for name, array in arrays.items()}


def _stored(path: Path, name: str, row: Any, array: Array) -> Stored:
    told = row if isinstance(row, dict) else {}
    shape = told.get("shape")
    if shape is not None and tuple(shape) != array.shape:
        raise ConfigError(f"{path}: {name!r} has the shape {list(array.shape)} in {ARRAYS} and {shape} in {SPEC}")
    if array.dtype.kind not in "fiub" or (array.dtype.kind == "f" and not np.isfinite(array).all()):
        raise ConfigError(f"{path / ARRAYS}: {name!r} is not made of numbers that are finite")
    if _is_input(name):
        return Stored(array, {"": 0.0}, str(told.get("meaning", "")))
    tolerance = told.get("tolerance")
    tolerances: dict[str, Any] = tolerance if isinstance(tolerance, dict) else {"": tolerance}
    if not all(isinstance(one, int | float) and not isinstance(one, bool) and one >= 0 for one in tolerances.values()):
        raise ConfigError(
            f"{path / SPEC}: {name!r} has no tolerance: the largest difference that is allowed, 0 for what must be equal, or "
            'one by precision with "" for any other'
        )
    if "" not in tolerances:
        raise ConfigError(f'{path / SPEC}: {name!r} has no tolerance "" for a precision that is not in its list')
    return Stored(array, {key: float(value) for key, value in tolerances.items()}, str(told.get("meaning", "")))


def _is_input(name: str) -> bool:
    return name.startswith("in.") or ".in." in name


def _case(
    path: Path,
    name: str,
    told: Mapping[str, Any],
    shared: Mapping[str, Array],
    rows: Mapping[str, Stored],
    spec: Mapping[str, Any],
) -> Case:
    own = {key.removeprefix(f"{name}."): row for key, row in rows.items() if key.startswith(f"{name}.")}
    inputs = {**shared, **{key.removeprefix("in."): row.value for key, row in own.items() if key.startswith("in.")}}
    if not inputs:
        raise ConfigError(f"{path}: case {name!r} has no inputs; they are called {name}.in.NAME, or in.NAME for every case")
    stored = {key: row for key, row in own.items() if not key.startswith("in.")}
    said = told.get(name)
    draws = Draws(name, inputs, noise_of(told, name), str(spec.get("salt", "")))
    return Case(name, inputs, stored, said if isinstance(said, dict) else {}, draws)
