"""Which files of a folder are a recogniser of sherpa-onnx or FunASR, and what is wrong with others."""

from pathlib import Path
from typing import Any

import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("yaml")

from tests.port import tiny_recognisers as tiny  # noqa: E402

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.importers.sherpa_asr import find, read_recogniser  # noqa: E402

pytestmark = pytest.mark.train


def other(path: Path, inputs: str, outputs: str, **said: str) -> None:
    """A graph of another kind."""
    values = [[tiny.value(name, tiny.FP, 1) for name in names.split()] for names in (inputs, outputs)]
    nodes = [onnx.helper.make_node("Identity", [values[0][0].name], [one.name]) for one in values[1]]
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(tiny.model(nodes, *values, {}, said), path)


@pytest.mark.parametrize("kind", tiny.KINDS)
def test_every_kind_is_found_by_what_its_graph_says(kind: str, tmp_path: Path):
    folder = tiny.write(tmp_path / kind, kind, name="anything.onnx")
    read = read_recogniser(folder)
    assert read.found.graph == folder / "anything.onnx"
    assert read.contract["units"] == "tokens.txt"
    assert read.found.integer == kind.endswith("int8")
    assert read_recogniser(folder / "anything.onnx").contract == read.contract


def test_float32_is_taken_before_int8_which_may_be_given_by_its_path(tmp_path: Path):
    tiny.write(tmp_path, "zipformer_int8", name="model.int8.onnx")
    alone = read_recogniser(tmp_path)
    assert any("counts in integers of 8 bits and stays so" in note for note in alone.notes)
    tiny.write(tmp_path, "zipformer")
    both = read_recogniser(tmp_path)
    assert both.found.graph.name == "model.onnx"
    assert "model.onnx was taken; model.int8.onnx is there too, and is imported by its own path" in both.notes
    assert find(tmp_path / "model.int8.onnx").graph.name == "model.int8.onnx"


def test_a_folder_of_funasr_is_known_by_what_lies_beside_its_graph(tmp_path: Path):
    folder = tiny.write_funasr(tmp_path, tiny.paraformer(said={}), tiny.WORDS, name="model_quant.onnx")
    read = read_recogniser(folder)
    assert (read.found.kind, read.what, read.contract["units"]) == ("funasr", "a Paraformer of FunASR", "tokens.json")
    (folder / "config.yaml").unlink()
    with pytest.raises(PortError, match=r"has no model_type of sherpa-onnx in its metadata, and no config\.yaml of FunASR"):
        read_recogniser(folder)


def test_what_the_file_says_of_its_origin_is_told(tmp_path: Path):
    made = tiny.wenet()
    onnx.helper.set_model_props(made, {one.key: one.value for one in made.metadata_props} | {"license": "Apache-2.0"})
    tiny.write(tmp_path, "wenet")
    onnx.save(made, tmp_path / "model.onnx")
    read = read_recogniser(tmp_path)
    assert read.contract["licence"] == "Apache-2.0"
    assert read.attributions == ()
    assert "its file names made up as its origin" in read.notes
    assert any("is not quite as WeNet trains" in note for note in read.notes)


def test_whom_credit_is_owed_is_kept_as_far_as_the_file_says(tmp_path: Path):
    (owed,) = read_recogniser(tiny.write(tmp_path, "paraformer")).attributions
    assert (owed.work, owed.author, owed.licence) == ("Paraformer of FunASR", "iic", "LicenseRef-unknown")


def missing_tokens(folder: Path) -> None:
    tiny.write(folder, "zipformer")
    (folder / "tokens.txt").unlink()


def few_tokens(folder: Path) -> None:
    tiny.write(folder, "paraformer")
    (folder / "tokens.txt").write_text("<blank> 0\n</s> 1\n")


def transducer(folder: Path) -> None:
    other(folder / "decoder.onnx", "y", "decoder_out", vocab_size="500")
    other(folder / "encoder.onnx", "x x_lens cached_key_0", "encoder_out", model_type="zipformer2")
    other(folder / "joiner.onnx", "encoder_out decoder_out", "logit")


def two_kinds(folder: Path) -> None:
    tiny.write(folder, "paraformer", name="one.onnx")
    tiny.write(folder, "zipformer", name="two.onnx")


def no_graph(folder: Path) -> None:
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")


def shifted(folder: Path) -> None:
    tiny.write(folder, "zipformer")
    (folder / "tokens.txt").write_text("<blk> 1\n")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (missing_tokens, r"model\.onnx: has no tokens\.txt beside it, so what it hears cannot be written; put it there"),
        (few_tokens, r"tokens\.txt: lists 2 units, but the graph model\.onnx scores 30; it is of another model"),
        (shifted, r"tokens\.txt: no unit has the number 0"),
        (
            transducer,
            r"is a part of a transducer \(encoder, decoder, joiner\), which is not supported; supported are: Paraformer of",
        ),
        (two_kinds, r"holds graphs of several recognisers \(paraformer, zipformer2_ctc\); give the path of one of them"),
        (no_graph, r"model\.onnx: cannot be read as an ONNX graph"),
        (lambda folder: folder.mkdir(), r"has no \.onnx in it, so there is no recogniser of sherpa-onnx"),
        (lambda folder: None, r"is not there; give the model\.onnx of a recogniser or its folder"),
        (
            lambda f: other(f / "m.onnx", "x cached_len", "y", model_type="zipformer2"),
            "is a recogniser of streams, which keeps states",
        ),
        (
            lambda f: other(f / "tiny-encoder.onnx", "mel", "k v", model_type="whisper-tiny"),
            "is a part of a Whisper, an encoder or",
        ),
        (lambda f: other(f / "m.onnx", "a", "b"), "has no model_type of sherpa-onnx in its metadata"),
    ],
)
def test_what_is_wrong_has_a_sentence_of_its_own(make: Any, sentence: str, tmp_path: Path):
    make(tmp_path / "model")
    with pytest.raises(PortError, match=sentence):
        read_recogniser(tmp_path / "model")


def test_another_file_of_units_is_taken_where_it_is_the_only_one(tmp_path: Path):
    tiny.write(tmp_path, "zipformer")
    (tmp_path / "tokens.txt").rename(tmp_path / "zh-tokens.txt")
    assert read_recogniser(tmp_path).contract["units"] == "zh-tokens.txt"
