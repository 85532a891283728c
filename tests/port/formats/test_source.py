import json
import shutil

import numpy as np
import pytest

pytest.importorskip("torch")
from tingshuo.errors import BundleError, ConsentError, RequestError, SealedError
from tingshuo.port.formats.source import read_source, shortened
from tingshuo.store.bundle import open_bundle, write_bundle
from tingshuo.tasks.voices import find_voice
from tingshuo.types import GraphSpec


def changed(bundle, folder, **fields):
    opened = open_bundle(bundle)
    files = {name: bundle / name for name in opened.manifest.files}
    return write_bundle(folder, opened.manifest.fields() | fields, files)


def test_every_graph_comes_with_its_own_tensors_and_two_examples(source):
    assert [graph.name for graph in source.graphs] == ["encoder", "pitch", "decoder", "vocoder"]
    pitch = source.graphs[1]
    assert pitch.tensors
    assert all(name.startswith("pitch.") for name in pitch.tensors)
    lengths = [inputs["frames"].shape[1] for inputs, _ in pitch.examples]
    assert lengths == [23, 13]
    assert [outputs["pitch"].shape[1] for _, outputs in pitch.examples] == lengths
    assert pitch.free == {"F": [("frames", 1), ("place", 1)]}


def test_what_no_graph_names_is_a_table(source):
    assert {"speaker.weight", "style.weight"} <= set(source.tables)
    assert not [name for graph in source.graphs for name in graph.tensors if name in source.tables]


def test_golden_vectors_are_the_examples_where_a_bundle_has_them():
    source = read_source(find_voice("default"))
    with np.load(source.bundle.file("golden/pitch.npz")) as golden:
        assert np.array_equal(source.graphs[1].examples[0][0]["frames"], golden["input/frames"])


def test_shortened_inputs_keep_what_is_fixed():
    spec = GraphSpec({"mel": ("float32", (1, 4, "F")), "one": ("float32", (1, "F"))}, {})
    short = shortened(spec, {"mel": np.zeros((1, 4, 10)), "one": np.zeros((1, 1))})
    assert {name: array.shape for name, array in short.items()} == {"mel": (1, 4, 6), "one": (1, 1)}


def test_graphs_can_be_chosen(source):
    assert [graph.name for graph in source.only(["vocoder", "pitch"]).graphs] == ["pitch", "vocoder"]
    assert source.only([]).graphs == source.graphs
    with pytest.raises(RequestError, match="accepted: encoder, pitch, decoder, vocoder"):
        source.only(["vocal"])


def test_a_damaged_bundle_is_refused(small_bundle, tmp_path):
    copy = shutil.copytree(small_bundle, tmp_path / "copy")
    path = copy / "graphs/onnx/fp32/pitch.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BundleError, match=r"pitch\.onnx"):
        read_source(copy)


def test_a_file_that_is_not_listed_is_refused(small_bundle, tmp_path):
    copy = shutil.copytree(small_bundle, tmp_path / "copy")
    (copy / "extra.txt").write_text("x")
    with pytest.raises(BundleError, match="not listed"):
        read_source(copy)


def test_an_encrypted_bundle_is_refused(small_bundle, tmp_path):
    copy = shutil.copytree(small_bundle, tmp_path / "copy")
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    manifest["sealed"] = {"recipients": ["age1x"], "plain_sha256": "0" * 64}
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(SealedError, match="encrypted"):
        read_source(copy)


def test_a_cloned_voice_needs_a_consent_that_stands(small_bundle, tmp_path):
    record = {"speaker": "a", "given_by": "A", "given_on": "2020-01-01", "purpose": "a test", "recording_sha256": "0" * 64}
    kept = changed(small_bundle, tmp_path / "kept", cloned=["a"], consents=[record | {"valid_until": "unlimited"}])
    assert read_source(kept).graphs
    ended = changed(small_bundle, tmp_path / "ended", cloned=["a"], consents=[record | {"valid_until": "2020-02-01"}])
    with pytest.raises(ConsentError):
        read_source(ended)
