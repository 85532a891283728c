import io
import json

import numpy as np
import pytest

pytest.importorskip("torch")
from tingshuo.port.formats.companions import NOTICE, companion_files, metadata, readme, symbols_of


@pytest.fixture(scope="module")
def files(source):
    return companion_files(source, "onnx", {graph.name: {"copies": {}} for graph in source.graphs})


def test_the_voice_is_described_without_tingshuo(files, source):
    told = json.loads(files["voice.json"])
    assert told["licence"] == "CC-BY-SA-4.0"
    assert told["attributions"] == [row.fields() for row in source.bundle.manifest.attributions]
    assert told["notice"] == NOTICE
    assert told["config"]["phonemes"] == list(source.bundle.config.phonemes)
    assert told["graphs"]["pitch"]["inputs"]["frames"] == {"dtype": "float32", "shape": [1, "F", 16]}


def test_tables_are_float32(files, source):
    for name, described in json.loads(files["voice.json"])["tables"].items():
        table = np.load(io.BytesIO(files[described["file"]]), allow_pickle=False)
        assert table.dtype == np.float32
        assert np.array_equal(table, source.tables[name].astype(np.float32))


def test_examples_hold_inputs_and_what_comes_out(files, graph_of):
    with np.load(io.BytesIO(files["examples/pitch.npz"]), allow_pickle=False) as example:
        inputs, outputs = graph_of("pitch").examples[0]
        assert set(example.files) == {f"input/{name}" for name in inputs} | {f"output/{name}" for name in outputs}
        assert np.array_equal(example["output/pitch"], outputs["pitch"])


def test_a_model_file_says_whose_it_is_and_what_must_be_said(source):
    told = metadata(source.bundle.manifest, ["a", "b"])
    assert told["licence"] == "CC-BY-SA-4.0"
    assert told["sample_rate"] == "24000"
    assert told["symbols"] == '["a", "b"]'
    assert "Nothing, Nobody (CC0-1.0)" in told["attributions"]
    assert NOTICE["zh"] in told["notice"]
    assert NOTICE["en"] in told["notice"]


def test_the_readme_speaks_both_languages_and_credits(source):
    text = readme(source, "files", ("这样运行：", "Run it so:"), "print({graphs})").decode()
    for part in (NOTICE["zh"], NOTICE["en"], "这样运行：", "Run it so:", "Nothing — Nobody (CC0-1.0)", "Random numbers."):
        assert part in text
    assert "print(('encoder', 'pitch', 'decoder', 'vocoder'))" in text


def test_symbols_are_found_where_there_are_any():
    assert symbols_of({"phonemes": ["a"]}) == ["a"]
    assert symbols_of({"symbols": ["b"]}) == ["b"]
    assert symbols_of({}) == []
