"""The formats that a bundle's graphs can be exported to, and the one way there.

Whatever the format: the bundle is verified first, and an encrypted one refused; each copy of a graph is run on inputs of two
lengths and compared with our own float32 graph where its runtime is here; licence, credits and the duty to label go along; the
folder is there whole or not at all.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from tingshuo.engine.onnx import open_graph
from tingshuo.errors import EngineNotInstalledError, OutputError, RequestError, VerifyError
from tingshuo.port.formats.companions import companion_files, metadata, readme, symbols_of
from tingshuo.port.formats.source import ENGINE, PRECISION, Array, Source, SourceGraph, read_source
from tingshuo.port.formats.written import Settings, Written
from tingshuo.store.atomic import flush, new_folder, write_files
from tingshuo.store.bundle import open_bundle
from tingshuo.store.manifest import CONFIG
from tingshuo.tasks.golden import error_db


@dataclass(frozen=True, slots=True)
class Format:
    """A row of the table: ``module`` has ``write``, ``NOTES`` and ``EXAMPLE``; ``hint`` says how to get what it needs."""

    module: str
    writes: str
    runs: str
    hint: str = ""
    precisions: tuple[str, ...] = ()
    """What may be asked for; nothing where a format has one arithmetic, or writes all that it has."""


FORMATS = {
    "coreml": Format(
        "tingshuo.port.formats.coreml",
        "<graph>.mlpackage, float32 or float16",
        "macOS 13, iOS 16 and later; it can be written anywhere, and is run on a Mac alone",
        "pip install 'tingshuo[train,coreml]'",
        ("float32", "float16"),
    ),
    "ncnn": Format(
        "tingshuo.port.formats.ncnn",
        "<graph>.ncnn.param and .bin",
        "Android, iOS, Linux boards and others, with ncnn",
        "pip install 'tingshuo[train,ncnn]'",
    ),
    "onnx": Format(
        "tingshuo.port.formats.onnx",
        "<graph>.onnx, weights inside",
        "wherever ONNX Runtime does, browsers and phones among them",
    ),
    "openvino": Format(
        "tingshuo.port.formats.openvino",
        "<graph>.xml and .bin, weights float32 or float16",
        "processors, graphics and NPUs of Intel, and ARM processors, with OpenVINO",
        "pip install 'tingshuo[openvino]'",
        ("float32", "float16"),
    ),
    "tensorrt": Format(
        "tingshuo.port.formats.tensorrt",
        "<graph>.plan, for the graphics card, driver and TensorRT that it was built with",
        "graphics cards of NVIDIA; it is built where it will run",
        "pip install tensorrt, and torch with CUDA, on a machine with a graphics card of NVIDIA",
        ("float32", "float16", "int8"),
    ),
    "tflite": Format(
        "tingshuo.port.formats.tflite",
        "<graph>.float32.tflite and <graph>.int8.tflite (weights int8, arithmetic as the processor likes)",
        "Android, iOS and boards, with LiteRT (formerly TensorFlow Lite)",
        "tingshuo env make tensorflow",
    ),
    "torchscript": Format(
        "tingshuo.port.formats.torchscript",
        "<graph>.pt",
        "wherever libtorch does, without Python",
        "pip install 'tingshuo[train]'",
    ),
    "web": Format(
        "tingshuo.port.formats.web",
        "a page that speaks, text and all",
        "browsers, opened from the disk, without a server",
        "tingshuo env make web",
    ),
}
"""In alphabetical order."""


@dataclass(frozen=True, slots=True)
class GraphReport:
    """A copy of a graph: its size, and where it was run the worst output's error (dB) and the largest difference of a value."""

    graph: str
    precision: str
    files: tuple[str, ...]
    n_bytes: int
    error_db: float | None
    largest_error: float | None
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What `export_format` wrote: ``n_bytes`` of the whole folder, ``runs`` where the format runs."""

    format: str
    path: Path
    name: str
    version: str
    n_bytes: int
    graphs: tuple[GraphReport, ...]
    runs: str


def format_row(format: str) -> Format:
    """Return a row of the table.

    Raises
    ------
    RequestError
        No such format; the message lists those there are.
    """
    if format not in FORMATS:
        raise RequestError(f"unknown format {format!r}; accepted: {', '.join(FORMATS)}", "format")
    return FORMATS[format]


def export_format(
    bundle: Path,
    format: str,
    destination: Path,
    *,
    replace: bool = False,
    precision: str | None = None,
    graphs: Sequence[str] = (),
    texts: Sequence[str] = (),
) -> ExportReport:
    """Write a bundle's float32 graphs in another format, with all that is needed to use them.

    Parameters
    ----------
    bundle : Path
        Its folder.
    format : str
        A name of `FORMATS`.
    destination : Path
        The folder to make.
    replace : bool
        Take the place of a folder that is there.
    precision : str or None
        Where a format has several.
    graphs : Sequence[str]
        Which to write, for formats that cannot express all of them; every graph without it.
    texts : Sequence[str]
        Sentences that the scales of INT8 are chosen on, where a format does that.

    Raises
    ------
    RequestError
        Unknown format or graph, or a precision that the format does not have.
    EngineNotInstalledError
        What writes the format is not here; the message says how to get it.
    SealedError, ConsentError, BundleError
        The bundle is encrypted, may not be used, or is damaged.
    PortError
        The format cannot express a graph; names format, graph and operator.
    VerifyError
        A copy computes something else.
    OutputError
        The destination exists (without ``replace``), lies in the bundle, or cannot be written.
    """
    row = format_row(format)
    if precision is not None and precision not in row.precisions:
        known = ", ".join(row.precisions) or "none can be chosen"
        raise RequestError(f"format {format} has no precision {precision!r}; accepted: {known}", "precision")
    if destination.resolve().is_relative_to(bundle.resolve()):
        raise OutputError(f"{destination}: lies in the bundle itself; choose a path outside")
    module = _load(format, row)
    if hasattr(module, "write_web"):
        if graphs:
            raise RequestError("format web writes every graph, as a page needs all of them", "graphs")
        return _export_page(module.write_web, bundle, destination, row)
    getattr(module, "check", _nothing_to_check)(precision)
    source = read_source(bundle).only(graphs)
    config = json.loads(source.bundle.file(CONFIG).read_text("utf-8"))
    calibration = _spoken(source, texts) if precision == "int8" else {}
    settings = Settings(metadata(source.bundle.manifest, symbols_of(config)), precision, calibration)
    with new_folder(destination, replace=replace) as folder:
        reports = tuple(_judge(format, folder, *copy) for copy in module.write(source.graphs, folder, settings))
        files = companion_files(source, format, _files_by_graph(reports))
        files["README.md"] = readme(source, row.writes, module.NOTES, module.EXAMPLE)
        write_files(folder, files, lambda _: 0o644)
        n_bytes = _finish(folder)
    manifest = source.bundle.manifest
    return ExportReport(format, destination, manifest.name, manifest.version, n_bytes, reports, row.runs)


def _export_page(write_web: Callable[..., Any], bundle: Path, destination: Path, row: Format) -> ExportReport:
    """Write a page, which is made as a whole: nothing of it is a graph by itself."""
    opened = open_bundle(bundle)
    page = write_web(opened, destination)
    n_bytes = page.graphs_bytes + page.text_bytes + page.runtime_bytes + page.page_bytes
    return ExportReport("web", destination, opened.manifest.name, opened.manifest.version, n_bytes, (), row.runs)


def _load(format: str, row: Format) -> Any:
    try:
        return import_module(row.module)
    except ModuleNotFoundError as error:
        raise EngineNotInstalledError(f"format {format!r} needs the package {error.name!r}: {row.hint}") from error


def _spoken(source: Source, texts: Sequence[str]) -> Mapping[str, Sequence[Mapping[str, Array]]]:
    """What each graph is given when the texts are spoken."""
    if not texts:
        raise RequestError("INT8 scales are chosen on sentences: give texts that the voice can speak", "texts")
    from tingshuo.port.calibration import record_inputs

    sessions = {
        graph.name: open_graph(source.bundle.graph(graph.name, PRECISION, ENGINE), graph.tensors) for graph in source.graphs
    }
    return record_inputs(sessions, source.bundle.config, source.tables, texts)


def _nothing_to_check(precision: str | None) -> None:
    """Of a format that can be written wherever its packages are."""


def _judge(format: str, folder: Path, graph: SourceGraph, copy: Written) -> GraphReport:
    error, largest = _compare(format, graph, copy) if copy.run is not None else (None, None)
    size = sum(path.stat().st_size for name in copy.files for path in _every_file(folder / name))
    return GraphReport(graph.name, copy.precision, copy.files, size, error, largest, copy.told)


def _compare(format: str, graph: SourceGraph, copy: Written) -> tuple[float, float]:
    """Run a copy on every example; returns the worst error in dB and the largest difference."""
    assert copy.run is not None
    worst, largest = -np.inf, 0.0
    for inputs, expected in graph.examples:
        found = copy.run(inputs)
        for name, reference in expected.items():
            if name not in found or found[name].shape != reference.shape:
                shape = found[name].shape if name in found else "missing"
                raise VerifyError(
                    f"format {format}: output {name!r} of graph {graph.name!r} is {shape}, not {reference.shape}: "
                    "nothing was written"
                )
            error = error_db(found[name], reference)
            if not error <= copy.limit_db:
                raise VerifyError(
                    f"format {format}: output {name!r} of graph {graph.name!r} differs by {error:.1f} dB from ours, the limit of "
                    f"{copy.precision} is {copy.limit_db:g} dB: nothing was written"
                )
            worst = max(worst, error)
            largest = max(largest, float(np.abs(found[name].astype(np.float64) - reference).max(initial=0.0)))
    return worst, largest


def _files_by_graph(reports: Sequence[GraphReport]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for report in reports:
        error = None if report.error_db is None else round(report.error_db, 1)
        row = {"files": list(report.files), "error_db": error, **report.told}
        found.setdefault(report.graph, {"copies": {}})["copies"][report.precision] = row
    return found


def _finish(folder: Path) -> int:
    """Flush what the formats' own libraries wrote, readable by all as the rest is; returns the bytes of everything."""
    files = list(_every_file(folder))
    for path in files:
        path.chmod(0o644)
        flush(path)
    return sum(path.stat().st_size for path in files)


def _every_file(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(found for found in path.rglob("*") if found.is_file())
