"""Golden vectors are run where the voice is, and tell when a graph computes something else."""

import dataclasses
import io
import json
import shutil

import msgspec
import numpy as np
import pytest

from tingshuo.errors import BundleError, EngineError
from tingshuo.store.bundle import Bundle, open_bundle, write_bundle
from tingshuo.tasks import choice
from tingshuo.tasks.golden import LIMITS, error_db, has_golden, not_run, run_golden
from tingshuo.tasks.voices import find_voice


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return open_bundle(find_voice("default"))


def changed(bundle: Bundle, folder, **contents) -> Bundle:
    """The bundle with other files."""
    files = {name: bundle.path / name for name in bundle.manifest.files} | contents
    fields = {key: value for key, value in bundle.manifest.fields().items() if key != "files"}
    return open_bundle(write_bundle(folder / "changed", fields, files))


def arrays_of(bundle: Bundle, graph: str) -> dict:
    with np.load(bundle.file(f"golden/{graph}.npz")) as arrays:
        return dict(arrays)


def npz(arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_the_built_in_voice_computes_what_it_computed_when_it_was_made(bundle: Bundle) -> None:
    assert has_golden(bundle)
    runs = list(run_golden(bundle))
    assert {(run.graph, run.precision) for run in runs} == {
        (graph, precision) for graph in ("encoder", "pitch", "decoder", "vocoder") for precision in ("fp32", "int8")
    }
    assert all(run.ok for run in runs)
    assert all(run.error_db < -100 for run in runs if run.precision == "fp32")


def test_another_answer_is_told(bundle: Bundle, tmp_path) -> None:
    arrays = arrays_of(bundle, "pitch")
    arrays["output/pitch"] = arrays["output/pitch"] + 0.5
    runs = [run for run in run_golden(changed(bundle, tmp_path, **{"golden/pitch.npz": npz(arrays)})) if not run.ok]
    assert {(run.graph, run.precision) for run in runs} == {("pitch", "fp32"), ("pitch", "int8")}
    assert all(run.error_db > run.limit_db for run in runs if run.limit_db is not None)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("golden/pitch.npz", b"PK\x03\x04 torn", "pitch.npz: cannot be read as golden vectors"),
        ("golden/pitch.npz", npz({"input/x": np.zeros(2)}), "has no inputs or no outputs"),
        (LIMITS, b"[]", "cannot be read as limits"),
        (LIMITS, b'{"fp32": {"mel": "low"}}', "cannot be read as limits"),
    ],
)
def test_vectors_that_are_none_are_named(bundle: Bundle, tmp_path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        list(run_golden(changed(bundle, tmp_path, **{name: content})))


def test_vectors_of_another_graph_are_refused(bundle: Bundle, tmp_path) -> None:
    arrays = arrays_of(bundle, "pitch")
    other = {key: value for key, value in arrays.items() if not key.startswith("output/")} | {"output/melody": np.zeros(3)}
    with pytest.raises(BundleError, match="graph 'pitch' has no output 'melody'"):
        list(run_golden(changed(bundle, tmp_path, **{"golden/pitch.npz": npz(other)})))
    shutil.rmtree(tmp_path / "changed")
    fewer = {key: value for key, value in arrays.items() if key != "input/style"}
    with pytest.raises(EngineError, match="pitch"):
        list(run_golden(changed(bundle, tmp_path, **{"golden/pitch.npz": npz(fewer)})))


def test_without_a_limit_nothing_is_wrong(bundle: Bundle, tmp_path) -> None:
    limits = json.loads(bundle.file(LIMITS).read_text())
    del limits["int8"]
    runs = list(run_golden(changed(bundle, tmp_path, **{LIMITS: json.dumps(limits).encode()})))
    assert all(run.ok and run.limit_db is None for run in runs if run.precision == "int8")


def test_errors_are_energies() -> None:
    one = np.ones(10)
    assert error_db(one, one) == -200
    assert error_db(1.1 * one, one) == pytest.approx(-20)
    assert error_db(one[:9], one) == error_db(one * np.nan, one) == np.inf


def test_graphs_that_this_machine_cannot_run_are_left_out_and_told(bundle: Bundle, monkeypatch) -> None:
    pitch = bundle.manifest.graphs["pitch"]
    plain = next(one for one in pitch.variants if one.precision == "fp32")
    more = tuple(msgspec.structs.replace(plain, engine="openvino", precision=precision) for precision in ("fp32", "bf16"))
    graphs = {"pitch": msgspec.structs.replace(pitch, variants=(plain, *more))}
    richer = dataclasses.replace(bundle, manifest=bundle.manifest.replace(graphs=graphs))
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    assert {run.precision for run in run_golden(richer)} == {"fp32"}
    assert not_run(richer) == tuple(
        f"the openvino {precision} graphs were not run: pip install 'tingshuo[openvino]' runs them"
        for precision in ("fp32", "bf16")
    )
    monkeypatch.setattr(choice, "find_spec", lambda name: object())
    monkeypatch.setattr(choice, "has_bf16", lambda: False)
    assert not_run(richer) == ("the openvino bf16 graphs were not run: the processor has no bfloat16",)
    assert not_run(bundle) == ()
