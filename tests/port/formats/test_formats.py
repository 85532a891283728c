import json
import os
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")
from tingshuo.errors import EngineNotInstalledError, OutputError, RequestError, VerifyError
from tingshuo.port.formats import formats
from tingshuo.port.formats.formats import FORMATS, Format, export_format
from tingshuo.port.formats.written import Written


@pytest.fixture
def scribe(monkeypatch):
    """A format whose copies give what a test wants."""

    def make(answer, limit_db=-60.0):
        def write(graphs, folder, settings):
            for graph in graphs:
                (folder / f"{graph.name}.txt").write_text(settings.metadata["licence"])
                yield graph, Written("float32", (f"{graph.name}.txt",), lambda x, graph=graph: answer(graph, x), limit_db)

        module = SimpleNamespace(write=write, NOTES=("说明", "notes"), EXAMPLE="print({graphs})")
        monkeypatch.setitem(FORMATS, "scribe", Format("scribe", "text", "on paper"))
        monkeypatch.setattr(formats, "import_module", lambda name: module)

    return make


def ours(graph, inputs):
    known = next(outputs for given, outputs in graph.examples if all(given[k] is inputs[k] for k in inputs))
    return {name: array + np.float32(1e-5) for name, array in known.items()}


def test_the_table_is_in_order_and_says_what_is_needed():
    assert list(FORMATS) == sorted(FORMATS)
    assert all(row.writes and row.runs and (row.hint or name == "onnx") for name, row in FORMATS.items())


def test_an_export_has_graphs_tables_examples_and_what_must_be_said(scribe, small_bundle, tmp_path):
    scribe(ours)
    report = export_format(small_bundle, "scribe", tmp_path / "out", graphs=["pitch", "vocoder"])
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    examples, tables = {"examples/pitch.npz", "examples/vocoder.npz"}, {"tables/speaker.weight.npy", "tables/style.weight.npy"}
    assert found >= examples | tables | {"pitch.txt", "vocoder.txt", "voice.json", "README.md"}
    assert (tmp_path / "out/pitch.txt").read_text() == "CC-BY-SA-4.0"
    told = json.loads((tmp_path / "out/voice.json").read_text("utf-8"))
    assert told["graphs"]["pitch"]["copies"]["float32"]["files"] == ["pitch.txt"]
    assert report.n_bytes == sum((tmp_path / "out" / name).stat().st_size for name in found)
    assert [(row.graph, row.precision) for row in report.graphs] == [("pitch", "float32"), ("vocoder", "float32")]
    assert all(row.largest_error == pytest.approx(1e-5, rel=0.2) and row.error_db < -60 for row in report.graphs)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda graph, x: {name: array * 1.01 for name, array in ours(graph, x).items()}, r"differs by -40\.. dB .* -60 dB"),
        (lambda graph, x: {name: array * np.nan for name, array in ours(graph, x).items()}, "differs by inf dB"),
        (lambda graph, x: {name: array[:, :-1] for name, array in ours(graph, x).items()}, "nothing was written"),
        (lambda graph, x: {}, "is missing"),
    ],
)
def test_a_copy_that_computes_something_else_is_refused_and_nothing_stays(scribe, small_bundle, tmp_path, answer, message):
    scribe(answer)
    with pytest.raises(VerifyError, match=message):
        export_format(small_bundle, "scribe", tmp_path / "out")
    assert os.listdir(tmp_path) == []


def test_a_copy_that_took_one_length_for_the_only_one_is_refused(scribe, small_bundle, tmp_path):
    scribe(lambda graph, x: graph.examples[0][1])
    with pytest.raises(VerifyError, match="graph 'encoder'"):
        export_format(small_bundle, "scribe", tmp_path / "out")


def test_what_is_asked_for_wrongly_is_said_before_anything_is_read(tmp_path):
    with pytest.raises(RequestError, match="unknown format 'paper'; accepted: coreml, ncnn, onnx"):
        export_format(tmp_path / "none", "paper", tmp_path / "out")
    with pytest.raises(RequestError, match="format onnx has no precision 'int8'"):
        export_format(tmp_path / "none", "onnx", tmp_path / "out", precision="int8")


def test_int8_that_needs_texts_says_so(scribe, small_bundle, tmp_path, monkeypatch):
    scribe(ours)
    monkeypatch.setitem(FORMATS, "scribe", Format("scribe", "text", "on paper", precisions=("int8",)))
    with pytest.raises(RequestError, match="give texts"):
        export_format(small_bundle, "scribe", tmp_path / "out", precision="int8")


def test_a_folder_that_is_there_stays_unless_it_is_to_be_replaced(small_bundle, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="already exists"):
        export_format(small_bundle, "onnx", tmp_path / "out", graphs=["pitch"])
    assert export_format(small_bundle, "onnx", tmp_path / "out", graphs=["pitch"], replace=True).path == tmp_path / "out"


def test_nothing_is_written_into_the_bundle(small_bundle):
    with pytest.raises(OutputError, match="lies in the bundle"):
        export_format(small_bundle, "onnx", small_bundle / "export")


def test_a_package_that_is_missing_is_named_with_the_way_to_get_it(small_bundle, tmp_path, monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name="ncnn")

    monkeypatch.setattr(formats, "import_module", absent)
    with pytest.raises(EngineNotInstalledError, match=r"'ncnn' needs the package 'ncnn': pip install 'tingshuo\[train,ncnn\]'"):
        export_format(small_bundle, "ncnn", tmp_path / "out")


def test_a_page_is_written_by_its_own_module(small_bundle, tmp_path, monkeypatch):
    def write_web(bundle, destination):
        assert bundle.path == small_bundle
        return SimpleNamespace(graphs_bytes=1, text_bytes=2, runtime_bytes=3, page_bytes=4)

    monkeypatch.setattr(formats, "import_module", lambda name: SimpleNamespace(write_web=write_web))
    report = export_format(small_bundle, "web", tmp_path / "page")
    assert (report.name, report.n_bytes, report.graphs) == ("small", 10, ())
    with pytest.raises(RequestError, match="format web writes every graph"):
        export_format(small_bundle, "web", tmp_path / "page", graphs=["pitch"])
