"""Graphs that do not open, are not what the manifest says, or compute something else."""

import dataclasses
import shutil

import pytest

from tingshuo.store.bundle import open_bundle
from tingshuo.store.manifest import TensorSpec
from tingshuo.tasks.examine import graphs
from tingshuo.tasks.examine.graphs import examine_graphs, explain_refusal, resident_mb
from tingshuo.tasks.golden import GoldenRun
from tingshuo.tasks.voices import find_voice


@pytest.fixture
def bundle(tmp_path):
    return open_bundle(shutil.copytree(find_voice("default"), tmp_path / "voice"))


def only(bundle, name, **changes):
    """Return the bundle with one graph at one precision."""
    entry = bundle.manifest.graphs[name].replace(variants=bundle.manifest.graphs[name].variants[:1])
    return dataclasses.replace(bundle, manifest=bundle.manifest.replace(graphs={name: entry.replace(**changes)}))


def test_a_sound_graph_opens_and_answers(bundle):
    opened, golden = examine_graphs(only(bundle, "vocoder"))
    assert (opened.name, opened.state) == ("graph vocoder fp32", "ok")
    assert "inputs mel, f0" in opened.detail
    assert (golden.name, golden.state) == ("golden vectors", "ok")


def test_shapes_and_types_that_the_manifest_does_not_know_are_told(bundle):
    entry = bundle.manifest.graphs["vocoder"]
    inputs = {"mel": TensorSpec("float64", (1, 100, "F")), "pitch": entry.inputs["f0"]}
    (found,) = examine_graphs(only(bundle, "vocoder", inputs=inputs))
    assert found.state == "broken"
    assert "input 'f0' is in the graph and not in the manifest" in found.detail
    assert "input 'pitch' is in the manifest and not in the graph" in found.detail
    assert "input 'mel' is float32" in found.detail


def test_a_graph_that_is_no_graph_is_told_with_its_remedy(bundle):
    whole = only(bundle, "vocoder")
    (bundle.path / whole.manifest.graphs["vocoder"].variants[0].path).write_bytes(b"nothing")
    (found,) = examine_graphs(whole)
    assert found.state == "broken"
    assert found.remedy


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "NOT_IMPLEMENTED : Could not find an implementation for GridSample(16) node with name '/warp'",
            "the engine has no operator GridSample at node '/warp'",
        ),
        ("Fatal error: ai.onnx.contrib:Sentence(-1) is not a registered function/op", "no operator ai.onnx.contrib:Sentence"),
        ("x: the bundle has no tensor 'w'", "has no tensor 'w'"),
        ("something else", "something else"),
    ],
)
def test_an_operator_that_the_engine_lacks_is_named_with_its_node(message, said):
    detail, remedy = explain_refusal(message)
    assert said in detail
    assert remedy


def test_an_output_that_is_off_is_named(bundle, monkeypatch):
    runs = [GoldenRun("vocoder", "fp32", "gain", -12.0, -60.0), GoldenRun("vocoder", "fp32", "phase", float("inf"), -60.0)]
    monkeypatch.setattr(graphs, "run_golden", lambda _: runs)
    _, off, nan = examine_graphs(only(bundle, "vocoder"))
    assert (off.state, off.detail) == ("broken", "output 'gain' is off by -12 dB, allowed are -60")
    assert nan.detail == "output 'phase' is not finite"


def test_own_memory_is_read_where_the_system_tells(tmp_path):
    (tmp_path / "status").write_text("VmRSS: 900 kB\nRssAnon:\t   1000 kB\n")
    assert resident_mb(tmp_path / "status") == pytest.approx(1.024)
    assert resident_mb(tmp_path / "missing") is None
