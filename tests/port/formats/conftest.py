"""A stand-in for onnxruntime-web, the files that a page takes from the package, without the package; and a bundle to export."""

import json

import pytest

from tingshuo.port.formats.web_runtime import FILES, PACKAGE, VERSION


@pytest.fixture
def runtime_files():
    """Name of a file of the package to its bytes."""
    package = {"package.json": json.dumps({"name": PACKAGE, "version": VERSION}).encode()}
    return dict.fromkeys(FILES, b"// a part of the runtime\n") | package


@pytest.fixture
def runtime(tmp_path, runtime_files):
    """A folder with the package unpacked."""
    folder = tmp_path / "onnxruntime-web"
    for name, data in runtime_files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="session")
def small_bundle(tiny, exported, tmp_path_factory):
    """Return the folder of a sound bundle with random weights."""
    from tingshuo.port.optimize import optimize
    from tingshuo.port.voice import graph_entries, voice_files
    from tingshuo.store.bundle import write_bundle

    config, nets = tiny
    models = {"fp32": {name: optimize(model) for name, model in exported.items()}}
    manifest = {
        "name": "small",
        "version": "1.0.0",
        "family": config.family,
        "task": "tts",
        "languages": ["zh-CN"],
        "speakers": ["a"],
        "styles": ["x", "y"],
        "sample_rate": config.mel.sample_rate,
        "licence": "CC-BY-SA-4.0",
        "attributions": [{"work": "Nothing", "author": "Nobody", "licence": "CC0-1.0"}],
        "data_statement": "Random numbers.",
        "consent": "Nobody's voice.",
        "graphs": graph_entries(models),
    }
    folder = tmp_path_factory.mktemp("bundles") / "small"
    return write_bundle(folder, manifest, voice_files(config, nets, models))


@pytest.fixture(scope="session")
def source(small_bundle):
    """Return the bundle as the formats see it."""
    from tingshuo.port.formats.source import read_source

    return read_source(small_bundle)


@pytest.fixture(scope="session")
def graph_of(source):
    """Return a graph by name."""
    return {graph.name: graph for graph in source.graphs}.__getitem__


@pytest.fixture(scope="session")
def strange(graph_of):
    """Return a graph with an operator that nobody has."""
    from dataclasses import replace

    import onnx

    model = onnx.load_from_string(graph_of("pitch").model)
    node = next(node for node in model.graph.node if node.op_type == "Gelu")
    node.op_type, node.domain = "Hum", ""
    return replace(graph_of("pitch"), model=model.SerializeToString())
