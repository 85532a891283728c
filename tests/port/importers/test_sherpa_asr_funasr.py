"""Folders of FunASR's own ONNX runtime."""

from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("yaml")

from tingshuo.errors import PortError
from tingshuo.port.importers.sherpa_asr_funasr import funasr_contract, funasr_refusal
from tingshuo.port.recognise.onnx_head import OnnxHead

pytestmark = pytest.mark.train
CONFIG = "frontend_conf:\n    fs: 16000\n    window: hamming\n    n_mels: 80\n    frame_length: 25\n    lfr_m: 7\n    lfr_n: 6\n"


def head(inputs: str, outputs: str) -> OnnxHead:
    return OnnxHead("", 13, *(dict.fromkeys(names.split(), (1,)) for names in (inputs, outputs)), {}, Counter())


PARAFORMER = head("speech speech_lengths", "logits token_num")
TIMED = head("speech speech_lengths", "logits token_num us_alphas us_cif_peak")
SENSE = head("speech speech_lengths language textnorm", "ctc_logits encoder_out_lens")


def folder(path: Path, **files: str) -> Path:
    whole = {"config.yaml": CONFIG, "am.mvn": "", "tokens.json": "[]"} | {
        name.replace("_", "."): said for name, said in files.items()
    }
    for name, said in whole.items():
        if said != "-":
            (path / name).write_text(said)
    return path / "model.onnx"


def test_a_paraformer_and_its_times(tmp_path: Path):
    graph = folder(tmp_path)
    what, said, notes = funasr_contract(graph, PARAFORMER)
    assert (what, notes) == ("a Paraformer of FunASR", ())
    assert said["outputs"] == {"scores": "logits", "count": "token_num"}
    assert said["features"] == {
        "fbank": {"window": "hamming", "sample_rate": 16000, "n_mels": 80, "frame_length_ms": 25.0},
        "normalize_samples": False, "stack": 7, "stride": 6, "cmvn": "am.mvn",
    }  # fmt: skip
    assert funasr_contract(graph, TIMED)[1]["outputs"]["peaks"] == "us_cif_peak"


def test_a_sense_voice_has_its_choices(tmp_path: Path):
    what, said, _ = funasr_contract(folder(tmp_path, tokens_json="-", tokens_txt="a 0"), SENSE)
    assert (what, said["units"], said["output"]) == ("a SenseVoice of FunASR", "tokens.txt", "ctc")
    assert said["choices"]["language"]["values"]["yue"] == 7
    assert said["choices"]["text_norm"]["input"] == "textnorm"


def test_what_its_runtime_does_not_heed_is_said(tmp_path: Path):
    notes = funasr_contract(folder(tmp_path, config_yaml=CONFIG + "    fmax: 7000\n    dither: 0.0\n"), PARAFORMER)[2]
    assert notes == ("fmax of frontend_conf is nothing that FunASR's ONNX runtime heeds, and was left out",)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"config_yaml": "-"}, r"model\.onnx: has no config\.yaml beside it, so it is not known what the net hears"),
        ({"am_mvn": "-"}, r"model\.onnx: has no am\.mvn beside it"),
        ({"tokens_json": "-"}, r"model\.onnx: has no tokens\.json beside it, so what it hears cannot be written"),
        ({"config_yaml": "a: ["}, r"config\.yaml: cannot be read as YAML"),
        ({"config_yaml": "!!python/object/apply:os.system [x]"}, r"config\.yaml: cannot be read as YAML"),
        ({"config_yaml": "- 1"}, r"config\.yaml: has no frontend_conf"),
    ],
)
def test_a_folder_that_is_not_whole_is_named(files: dict[str, str], sentence: str, tmp_path: Path):
    with pytest.raises(PortError, match=sentence):
        funasr_contract(folder(tmp_path, **files), PARAFORMER)


@pytest.mark.parametrize(
    ("seen", "what"),
    [
        (PARAFORMER, None),
        (TIMED, None),
        (SENSE, None),
        (head("speech speech_lengths bias_embed", "logits token_num"), "a Paraformer with hotwords"),
        (head("speech in_cache0", "logits out_cache0"), "a net of FunASR for streams"),
        (head("inputs text_lengths", "logits"), "a net of FunASR that sets punctuation"),
        (head("speech speech_lengths", "enc enc_len alphas"), "the encoder of a Paraformer for streams"),
        (head("x", "y"), ""),
    ],
)
def test_its_other_graphs_are_named(seen: OnnxHead, what: str | None):
    said = funasr_refusal(seen)
    assert said == what if not what else str(said).startswith(what)
