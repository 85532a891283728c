"""Every variant of every graph of the built-in voice reproduces its golden vectors, without torch."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import tingshuo.voices
from tingshuo.engine.cpu import has_fast_int8
from tingshuo.engine.onnx import open_graph
from tingshuo.store.bundle import open_bundle

BUNDLE = Path(tingshuo.voices.__file__).parent / "default"


@pytest.fixture(scope="module")
def bundle():
    return open_bundle(BUNDLE)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("name", ["encoder", "pitch", "decoder", "vocoder"])
def test_outputs_are_within_the_limits(bundle, name, precision):
    if precision == "int8" and not has_fast_int8():
        pytest.skip("this processor may saturate int8 products; float32 is used on it")
    (variant,) = [v for v in bundle.manifest.graphs[name].variants if v.precision == precision]
    session = open_graph(bundle.graph(name, precision), bundle.tensors(variant.weights[0]))
    limits = json.loads(bundle.file("golden/limits.json").read_text("utf-8"))[precision]
    with np.load(bundle.file(f"golden/{name}.npz"), allow_pickle=False) as arrays:
        inputs = {key.removeprefix("input/"): arrays[key] for key in arrays if key.startswith("input/")}
        expected = {key.removeprefix("output/"): arrays[key] for key in arrays if key.startswith("output/")}
    outputs = session.run(inputs)
    assert outputs.keys() == expected.keys()
    for key, wanted in expected.items():
        error_db = 10 * np.log10(np.mean((outputs[key] - wanted) ** 2) / np.mean(wanted**2))
        assert error_db <= limits[key], f"{key}: {error_db:.1f} dB"


def test_the_specs_in_the_manifest_are_those_of_the_graphs(bundle):
    for name, entry in bundle.manifest.graphs.items():
        for variant in entry.variants:
            spec = open_graph(bundle.path / variant.path, bundle.tensors(variant.weights[0])).spec
            for side, promised in ((spec.inputs, entry.inputs), (spec.outputs, entry.outputs)):
                assert side == {key: (value.dtype, value.shape) for key, value in promised.items()}, name


def test_only_the_offered_timbres_are_in_the_bundle(bundle):
    tensors = bundle.tensors("weights/acoustic.safetensors")
    assert len(tensors["speaker.weight"]) == len(bundle.config.speakers)
    assert len(tensors["style.weight"]) == len(bundle.config.styles)
    texts = [path.read_text("utf-8") for path in BUNDLE.rglob("*") if path.suffix in (".json", ".md")]
    named = {name for text in texts for name in re.findall(r"\b(?:cv|S|so)\d{3,}\b", text)}
    assert named <= set(bundle.manifest.speakers)


def test_each_weight_is_stored_once_and_in_half_precision(bundle):
    size = sum(path.stat().st_size for path in BUNDLE.rglob("*") if path.is_file())
    assert size < 48_000_000
    tensors = [bundle.tensors(f"weights/{part}.safetensors") for part in ("acoustic", "vocoder")]
    assert {tensor.dtype for part in tensors for tensor in part.values()} == {np.dtype(np.float16)}
    assert not set(tensors[0]) & set(tensors[1])
