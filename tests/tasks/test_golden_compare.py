"""Every answer of another program is compared with the bundle's, or named."""

import json

import numpy as np
import pytest

from tingshuo.errors import EngineError, RequestError
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.golden_compare import ANSWERS, NOT_LOOKED, compare, cut, lines_of
from tingshuo.tasks.golden_folder import read_folder
from tingshuo.tasks.voices import find_voice


@pytest.fixture(scope="module")
def bundle():
    return open_bundle(find_voice("default"))


@pytest.fixture(scope="module")
def arrays(bundle):
    """One run of the pitch graph of the built-in voice, under the names of a folder."""
    with np.load(bundle.file("golden/pitch.npz")) as stored:
        named = {name.replace("/", "."): stored[name] for name in stored.files}
    given = {f"short.in.pitch.{name.removeprefix('input.')}": a for name, a in named.items() if name.startswith("input.")}
    return given | {f"short.pitch.{name.removeprefix('output.')}": a for name, a in named.items() if name.startswith("output.")}


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


def test_inputs_called_after_a_graph_run_that_graph(bundle, arrays, write):
    made = compare(bundle, read_folder(write(arrays)))
    assert [(one.case, one.result, one.where) for one in made.compared] == [("short", "pitch.pitch", "graph")]
    assert made.compared[0].error < 1e-3
    assert made.compared[0].snr_db > 60
    assert not made.beyond
    assert set(made.unused) == set(bundle.manifest.graphs) - {"pitch"}
    assert made.to_json()["ok"] is True
    assert "1 not compared" not in "\n".join(lines_of(made))


def test_what_is_too_far_off_is_told_by_how_much(bundle, arrays, write):
    off = {name: a + 0.5 if name == "short.pitch.pitch" else a for name, a in arrays.items()}
    made = compare(bundle, read_folder(write(off, tolerance=0.01)))
    (one,) = made.beyond
    energy = np.square(off["short.pitch.pitch"].astype(float)).mean()
    assert one.error == pytest.approx(0.5, abs=1e-3)
    assert one.snr_db == pytest.approx(10 * np.log10(energy / 0.25), abs=0.1)
    assert any(line.endswith("BEYOND") for line in lines_of(made))
    assert made.to_json()["ok"] is False


def test_another_shape_and_a_nan_are_no_near_miss(bundle, arrays, write):
    shorter = {name: a[..., :-1] if name == "short.pitch.pitch" else a for name, a in arrays.items()}
    made = compare(bundle, read_folder(write(shorter, tolerance=1e9)))
    assert made.beyond[0].error == np.inf
    assert "has the shape" in made.beyond[0].why
    assert made.to_json()["compared"][0]["error"] is None


def test_another_precision_has_its_own_tolerance(bundle, arrays, write):
    path = write(arrays, tolerance={"": 1e-6, "fp32": 1e-3, "int8": 0.9})
    exact, eighth = (compare(bundle, read_folder(path), precision=precision) for precision in ("fp32", "int8"))
    assert (exact.compared[0].tolerance, eighth.compared[0].tolerance) == (1e-3, 0.9)
    assert eighth.compared[0].error > exact.compared[0].error
    assert eighth.compared[0].snr_db < exact.compared[0].snr_db


def test_what_lies_inside_is_listed_or_looked_for(bundle, arrays, write):
    layer = np.ones((3, 8), np.float32)
    folder = read_folder(write({**arrays, "short.layer0": layer, "short.layer1": layer}))
    blind = compare(bundle, folder)
    assert blind.left == {"short.layer0": NOT_LOOKED, "short.layer1": NOT_LOOKED}
    assert any("2 not compared, inside a graph: short.layer0, short.layer1" in line for line in lines_of(blind))
    seen = compare(bundle, folder, inside=lambda case: {"layer0": np.ones((5, 8)) + 1e-4})
    assert [(one.result, one.where, one.ok) for one in seen.compared if one.where == "net"] == [("layer0", "net", True)]
    assert list(seen.left) == ["short.layer1"]


def test_what_a_bundle_cannot_answer_is_left_with_the_reason(bundle, arrays, write, monkeypatch):
    layer = np.ones((3, 8), np.float32)
    folder = read_folder(write({"a.in.mel": layer, "a.f0.head": layer, "a.wav": layer}))
    monkeypatch.setattr(ANSWERS, "load", lambda _: lambda *_: {"f0": "it has none", "wav": layer})
    made = compare(bundle, folder)
    assert made.left == {"a.f0.head": "it has none"}
    assert [one.result for one in made.compared] == ["wav"]
    assert "  1 not compared, it has none: a.f0.head" in list(lines_of(made))


def test_first_and_last_steps_are_kept_where_the_name_says_so():
    wav = np.arange(10.0)
    assert cut(wav, (3,), "wav.head").tolist() == [0, 1, 2]
    assert cut(wav, (3,), "wav.tail").tolist() == [7, 8, 9]
    assert cut(wav, (3,), "wav") is wav
    assert cut(wav, (3,), "layer", inner=True).tolist() == [0, 1, 2]
    assert cut(wav[:2], (3,), "wav.tail").tolist() == [0, 1]


def test_inputs_without_a_case_are_those_of_every_case(bundle, arrays, write):
    named = {name.replace("short.in.", "in."): a for name, a in arrays.items()}
    named["long.pitch.pitch"] = named["short.pitch.pitch"]
    made = compare(bundle, read_folder(write(named)))
    assert [one.case for one in made.compared] == ["short", "long"]


def test_another_family_s_folder_is_named(bundle, write):
    folder = read_folder(write({"a.in.phone": np.zeros((4, 768)), "a.in.sid": np.array(0), "a.wav": np.zeros(3)}))
    with pytest.raises(
        RequestError, match=r"case 'a' gives phone, sid, which a bundle of the family fastspeech\+\w+ does not read"
    ):
        compare(bundle, folder)


def test_what_does_not_fit_a_graph_is_said(bundle, arrays, write):
    name = next(name for name in arrays if ".in." in name)
    folder = read_folder(write({**arrays, name: np.zeros((1, 2, 3, 4), np.float32)}))
    with pytest.raises(EngineError, match="cannot be run"):
        compare(bundle, folder)
