"""A folder of another program's answers is read strictly."""

import json

import numpy as np
import pytest

from tingshuo.errors import ConfigError, NotFoundError
from tingshuo.tasks.golden_folder import read_folder


@pytest.fixture(scope="module")
def arrays():
    return {"short.in.pitch.hidden": np.ones((1, 3)), "short.pitch.pitch": np.zeros((1, 3))}


@pytest.fixture
def write(tmp_path):
    """Write a folder and return its path; ``change`` gets the spec before it is written."""

    def write(arrays, change=lambda spec: None, tolerance=1e-3, **more):
        rows = {name: {"shape": list(array.shape), "meaning": "made up"} for name, array in arrays.items()}
        for name, row in rows.items():
            if ".in." not in name and not name.startswith("in."):
                row["tolerance"] = tolerance
        spec = {"name": "made", "golden": rows, **more}
        change(spec)
        (tmp_path / "spec.json").write_text(json.dumps(spec), "utf-8")
        np.savez(tmp_path / "golden.npz", **arrays)
        return tmp_path

    return write


def test_cases_have_their_inputs_and_those_of_all(arrays, write):
    told = {"short": {"noise": "zeros", "skip_head": 3}}
    more = {**arrays, "in.sid": np.array(7), "long.wav": np.zeros(2)}
    folder = read_folder(write(more, tolerance={"": 0.5, "int8": 2}, inputs=told, salt="x"))
    assert [case.name for case in folder.cases] == ["short", "long"]
    short, long = folder.cases
    assert set(short.inputs) == {"pitch.hidden", "sid"}
    assert set(long.inputs) == {"sid"}
    assert short.has("sid", "pitch.hidden")
    assert not long.has("pitch.hidden")
    assert (short.told["skip_head"], short.draws.told, short.draws.salt, long.draws.told) == (3, "zeros", "x", None)
    stored = short.stored["pitch.pitch"]
    assert (stored.tolerance("fp32"), stored.tolerance("int8"), stored.meaning) == (0.5, 2, "made up")


def test_a_case_knows_the_inputs_of_the_others(write):
    arrays = {"a.in.wav": np.ones(3), "a.out": np.ones(1), "b.in.lengths": np.ones(2), "b.out": np.ones(1), "in.sid": np.ones(1)}
    first, second = read_folder(write(arrays)).cases
    assert {name: set(given) for name, given in second.others.items()} == {"a": {"wav", "sid"}}
    assert {name: set(given) for name, given in first.others.items()} == {"b": {"lengths", "sid"}}


def test_numbers_that_are_told_are_numbers(arrays, write):
    (case,) = read_folder(write(arrays, inputs={"short": {"skip_head": 3, "weight": "0.5", "flag": True}})).cases
    assert (case.number("skip_head", 0), case.number("other", 0.5)) == (3, 0.5)
    for wrong in ("weight", "flag"):
        with pytest.raises(ConfigError, match=f"case 'short': '{wrong}' among its inputs in spec.json is to be a number, it is"):
            case.number(wrong, 0)


def test_a_folder_that_is_none(tmp_path, arrays, write):
    with pytest.raises(NotFoundError, match=r"is no golden folder, it has no spec\.json"):
        read_folder(tmp_path)
    write(arrays)
    (tmp_path / "golden.npz").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(ConfigError, match=r"golden\.npz: cannot be read as arrays"):
        read_folder(tmp_path)
    (tmp_path / "golden.npz").unlink()
    with pytest.raises(NotFoundError, match=r"it has no golden\.npz"):
        read_folder(tmp_path)


def drop_golden(spec):
    del spec["golden"]


def drop_row(spec):
    del spec["golden"]["short.pitch.pitch"]


def add_row(spec):
    spec["golden"]["short.mel"] = {"tolerance": 0}


def other_shape(spec):
    spec["golden"]["short.pitch.pitch"]["shape"] = [1]


def no_tolerance(spec):
    del spec["golden"]["short.pitch.pitch"]["tolerance"]


def no_default(spec):
    spec["golden"]["short.pitch.pitch"]["tolerance"] = {"int8": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop_golden, "has no table 'golden'"),
        (drop_row, r"says nothing of 1 arrays in golden\.npz, the first 'short\.pitch\.pitch'"),
        (add_row, r"lacks 1 arrays of which spec\.json tells, the first 'short\.mel'"),
        (other_shape, r"'short\.pitch\.pitch' has the shape .* in golden\.npz and \[1\] in spec\.json"),
        (no_tolerance, r"'short\.pitch\.pitch' has no tolerance: the largest"),
        (no_default, 'has no tolerance "" for a precision'),
        (lambda spec: spec.update(inputs=[]), "'inputs' is no table of cases"),
    ],
)
def test_files_that_do_not_fit_each_other_are_refused(arrays, write, change, message):
    with pytest.raises(ConfigError, match=message):
        read_folder(write(arrays, change))


def test_a_spec_that_is_no_json_and_arrays_that_are_no_numbers(arrays, write):
    path = write(arrays)
    (path / "spec.json").write_text("{", "utf-8")
    with pytest.raises(ConfigError, match=r"spec\.json: cannot be read as JSON"):
        read_folder(path)
    with pytest.raises(ConfigError, match=r"'short\.pitch\.pitch' is not made of numbers that are finite"):
        read_folder(write({**arrays, "short.pitch.pitch": np.array([np.nan])}))
    with pytest.raises(ConfigError, match="case 'lonely' has no inputs"):
        read_folder(write({**arrays, "lonely.wav": np.zeros(2)}))
