"""What is said of a graph, held against the graph and the files beside it."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnx")

from tests.port import tiny_recognisers as tiny

from tingshuo.config.graph_recogniser import GraphInput, GraphRecogniserConfig
from tingshuo.errors import PortError
from tingshuo.port.importers.recogniser_contract import fulfil, read_contract

pytestmark = pytest.mark.train
PLAIN: dict[str, Any] = {
    "output": "ctc", "inputs": {"features": "x", "lengths": "x_lens"},
    "outputs": {"scores": "log_probs", "lengths": "log_probs_len"},
    "features": {"fbank": {}}, "units": "tokens.txt", "subsampling": 4,
}  # fmt: skip
PARAFORMER: dict[str, Any] = {
    "output": "paraformer", "inputs": {"features": "speech", "lengths": "speech_lengths"},
    "outputs": {"scores": "logits", "count": "token_num", "peaks": "us_cif_peak"}, "units": "tokens.json",
    "features": {"fbank": {"window": "hamming"}, "stack": 7, "stride": 6, "cmvn": "am.mvn"},
}  # fmt: skip


def change(said: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a contract with other values; ``a__b`` is ``b`` of ``a``, and None takes a key away."""
    changed = dict(said)
    for name, value in fields.items():
        outer, _, inner = name.partition("__")
        changed[outer] = value if not inner else {**changed[outer], inner: value}
        if value is None:
            del changed[outer]
    return changed


def keep(said: dict[str, Any], folder: Path, kind: str = "zipformer") -> GraphRecogniserConfig:
    if said["output"] == "paraformer":
        tiny.write_funasr(folder, tiny.paraformer(), tiny.WORDS)
        return fulfil(read_contract(said, "m"), tiny.paraformer(), folder, "m")
    tiny.write(folder, kind)
    return fulfil(read_contract(said, "m"), tiny.KINDS[kind]()[0], folder, "m")


def test_a_plain_contract_says_the_rest_by_itself(tmp_path: Path):
    config = keep(PLAIN, tmp_path)
    assert config.inputs.features == GraphInput("x", "float32")
    assert config.inputs.lengths == GraphInput("x_lens", "int64")
    assert (config.units, config.tokenizer, config.blank, config.subsampling) == (tiny.CHARS, "bpe", 0, 4)
    assert (config.features.layout, config.features.normalize_samples, config.features.size) == ("btd", False, 80)


def test_a_paraformer_finds_its_end_and_its_normaliser(tmp_path: Path):
    config = keep(PARAFORMER, tmp_path)
    assert (config.eos, config.blank, config.tokenizer) == (2, 0, "joined")
    assert config.features.cmvn is not None
    assert config.features.cmvn.mean[:2] == pytest.approx(tiny.normaliser(560)[0][:2].tolist(), abs=1e-5)


def test_samples_count_to_one_unless_it_is_said(tmp_path: Path):
    said = {
        "output": "ctc", "inputs": {"features": "x"}, "outputs": {"scores": "logits"}, "units": list(tiny.RAW), "blank": "<pad>",
        "features": {"samples_hz": 16000, "normalize": "utterance"}, "subsampling": 320, "silent": ["</s>", 0],
    }  # fmt: skip
    config = keep(said, tmp_path, "omnilingual")
    assert (config.features.layout, config.features.normalize_samples, config.blank, config.silent) == ("bt", True, 1, (2, 0))
    assert not keep(change(said, features__normalize_samples=False), tmp_path, "omnilingual").features.normalize_samples


def test_bands_that_come_first_are_seen(tmp_path: Path):
    model = tiny.zipformer()
    shape = model.graph.input[0].type.tensor_type.shape
    for axis, size in ((1, 80), (2, 0)):
        shape.dim[axis].Clear()
        if size:
            shape.dim[axis].dim_value = size
    tiny.write(tmp_path, "zipformer")
    assert fulfil(read_contract(PLAIN, "m"), model, tmp_path, "m").features.layout == "bdt"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (change(PLAIN, outputs=None), "the contract of m: the whole file: Object missing required field `outputs`"),
        (change(PLAIN, pace=3), "unknown field `pace`"),
        (change(PLAIN, features__fbank={"mels": 80}), r"the contract of m: features\.fbank: Object contains unknown field"),
        (change(PLAIN, output="transducer"), "the contract of m: output: Invalid enum value"),
        (change(PLAIN, inputs__features="speech"), "m: the graph has no input 'speech'; it has: x, x_lens"),
        (change(PLAIN, inputs={"features": "x"}), "does not say what the graph's input 'x_lens' is given"),
        (change(PLAIN, outputs__scores="logits"), "m: the graph has no output 'logits'; it has: log_probs, log_probs_len"),
        (change(PLAIN, outputs={"scores": "log_probs_len"}), r"'log_probs_len' is int64 of shape \(.*\), and \(1, frames,"),
        (change(PLAIN, outputs__count="log_probs_len"), "'log_probs_len' has a role that a graph of the kind ctc does not have"),
        (change(PLAIN, features={"fbank": {"n_mels": 40}}), "takes 80 numbers a frame, and the features of its contract have 40"),
        (change(PLAIN, features={}), "m: the features of its contract contradict themselves: it hears either"),
        (change(PLAIN, features__cmvn={"mean": [0.0], "inverse_deviation": [1.0]}), "its cmvn normalises 1 numbers a frame"),
        (change(PLAIN, features__cmvn={"mean": [float("nan")] * 80, "inverse_deviation": [1.0] * 80}), "that is not finite"),
        (change(PLAIN, features={"fbank": {"high_hz": 9000.0}}), "contradict themselves: fbank: the bands go from 20 to 9000 Hz"),
        (change(PLAIN, subsampling=0), "subsampling: Expected `int` >= 1"),
        (change(PLAIN, features__cmvn="am.mvn"), r"am\.mvn: is not there, and the contract of m names it"),
        (change(PLAIN, features__cmvn="../am.mvn"), r"names '\.\./am\.mvn', and files have to lie in its folder"),
        (change(PLAIN, units="units.txt"), r"units\.txt: is not there, and the contract of m names it"),
        (change(PLAIN, units=["<blk>", "a"]), "m: its contract: lists 2 units, but the graph scores 31; it is of another model"),
        (change(PLAIN, blank="<none>"), "its blank is the unit '<none>', and there is none such among the 31 units"),
        (change(PLAIN, silent=["SIL"]), "its silent is the unit 'SIL'"),
        (change(PLAIN, subsampling=None), "m: its contract has to say subsampling"),
        (change(PLAIN, choices={"l": {"input": "x", "values": {"a": 1}, "default": "b"}}), "default 'b' of its choice 'l'"),
        (change(PLAIN, choices={"l": {"input": "l", "values": {"a": 1}, "default": "a"}}), "the graph has no input 'l'"),
        (change(PARAFORMER, eos="<end>"), "its eos is the unit '<end>'"),
        (change(PARAFORMER, outputs__lengths="token_num"), "'token_num' has a role that a graph of the kind para"),
        (change(PARAFORMER, features__stack=5), "takes 560 numbers a frame, and the features of its contract have 400"),
    ],
)  # fmt: skip
def test_what_does_not_fit_has_a_sentence_of_its_own(said: dict[str, Any], sentence: str, tmp_path: Path):
    with pytest.raises(PortError, match=sentence):
        keep(said, tmp_path)


def test_a_blank_is_found_or_has_to_be_said(tmp_path: Path):
    units = ["-" if unit == "<blk>" else unit for unit in tiny.CHARS]
    with pytest.raises(PortError, match="none of its units is <blk>, <blank>, <eps>, so its contract has to say which one"):
        keep(change(PLAIN, units=units), tmp_path)
    assert keep(change(PLAIN, units=units, blank="-"), tmp_path).blank == 0


def test_a_list_that_is_too_short_is_named_by_its_file(tmp_path: Path):
    tiny.write(tmp_path, "zipformer")
    (tmp_path / "tokens.txt").write_text(tiny.tokens(tiny.CHARS[:-1]))
    with pytest.raises(PortError, match=r"tokens\.txt: lists 30 units, but the graph scores 31; it is of another model"):
        fulfil(read_contract(PLAIN, "m"), tiny.zipformer(), tmp_path, "m")
