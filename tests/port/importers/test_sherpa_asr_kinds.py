"""Kinds of graphs that sherpa-onnx knows: those that can be imported with their contracts, others by name."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tingshuo.errors import PortError
from tingshuo.port.importers.sherpa_asr_kinds import Metadata, contract_of, refusal
from tingshuo.port.recognise.onnx_head import OnnxHead

LOW = {"lfr_window_size": "7", "lfr_window_shift": "6", "neg_mean": "-8,-9", "inv_stddev": "0.5,0.25"}
SENSE = LOW | {
    "with_itn": "14",
    "without_itn": "15",
    "normalize_samples": "0",
    "lang_auto": "0",
    "lang_zh": "3",
    "lang_nospeech": "13",
}
MODEL = Path("model.onnx")


def head(kind: str, inputs: str, outputs: str, **said: str) -> OnnxHead:
    metadata = said | ({"model_type": kind} if kind else {})
    named = [dict.fromkeys(names.split(), (1,)) for names in (inputs, outputs)]
    return OnnxHead("", 13, named[0], named[1], metadata, Counter())


SUPPORTED = {
    "paraformer": head("paraformer", "speech speech_lengths", "logits token_num us_alphas us_cif_peak", **LOW),
    "sense_voice": head("sense_voice_ctc", "x x_length language text_norm", "logits", **SENSE),
    "zipformer": head("zipformer2_ctc", "x x_lens", "log_probs log_probs_len", comment="non-streaming zipformer2 CTC"),
    "wenet": head("wenet_ctc", "x x_lens", "log_probs log_probs_lens", subsampling_factor="8"),
    "fire_red": head("fire-red-asr-2-ctc", "x x_lens", "log_probs lens", cmvn_mean="9,8", cmvn_inv_stddev="0.5,1"),
    "omnilingual": head("omnilingual-asr", "x", "logits"),
}


def contract(kind: str, units: Any = ("<blk>", "SIL", "a")) -> dict[str, Any]:
    return contract_of(SUPPORTED[kind], MODEL, "tokens.txt", units)


@pytest.mark.parametrize("kind", SUPPORTED)
def test_what_is_supported_is_not_refused_and_names_its_inputs(kind: str):
    assert refusal(SUPPORTED[kind]) is None
    said = contract(kind)
    assert said["inputs"]["features"] == next(iter(SUPPORTED[kind].inputs))
    assert said["outputs"]["scores"] == next(iter(SUPPORTED[kind].outputs))


@pytest.mark.parametrize(
    ("seen", "what"),
    [
        (head("zipformer2", "x", "encoder_out"), "a part of a transducer"),
        (head("", "y", "decoder_out"), "a part of a transducer"),
        (head("", "encoder_out decoder_out", "logit"), "a part of a transducer"),
        (head("zipformer2", "x cached_key_0 embed_states", "log_probs new_cached_key_0"), "a recogniser of streams"),
        (head("wenet_ctc", "x offset attn_cache", "log_probs"), "a recogniser of streams"),
        (head("EncDecHybridRNNTCTCBPEModel", "audio_signal length cache_last_channel", "logprobs"), "a recogniser of streams"),
        (head("EncDecCTCModelBPE", "audio_signal length", "logprobs"), "a recogniser of NeMo, whose features have another mel"),
        (head("EncDecRNNTBPEModel", "audio_signal length", "outputs"), "a part of a transducer of NeMo"),
        (head("whisper-tiny", "mel", "n_layer_cross_k"), "a part of a Whisper"),
        (head("telespeech_ctc", "feats", "logits"), "a TeleSpeech, which hears cepstral"),
        (head("tdnn", "x", "log_prob"), "the TDNN of icefall's yes-no recipe"),
        (head("sense_voice_ctc", "x", "logits", comment="Fun-ASR-Nano"), "the encoder of a Fun-ASR-Nano"),
        (
            head("paraformer", "speech speech_lengths", "enc enc_len alphas"),
            "a part of a Paraformer of FunASR, or one of streams",
        ),
        (head("zipformer2_ctc", "x", "log_probs log_probs_len"), "a part of a Zipformer with CTC of icefall, or one of streams"),
        (head("kokoro", "tokens", "audio"), "a model of the kind 'kokoro'"),
        (head("", "x", "y"), ""),
    ],
)
def test_others_are_named(seen: OnnxHead, what: str):
    said = refusal(seen)
    assert said is not None
    assert said.startswith(what)
    assert bool(said) == bool(what)


def test_features_are_those_of_its_runtime():
    assert contract("zipformer")["features"] == {"fbank": {"snip_edges": False, "high_hz": -400.0}, "normalize_samples": True}
    assert contract("wenet")["features"] == {"fbank": {"snip_edges": False, "high_hz": -400.0}, "normalize_samples": False}
    low = contract("paraformer")["features"]
    assert low == contract("sense_voice")["features"]
    assert low == {
        "fbank": {"window": "hamming"}, "normalize_samples": False, "stack": 7, "stride": 6,
        "cmvn": {"mean": [8.0, 9.0], "inverse_deviation": [0.5, 0.25]},
    }  # fmt: skip
    assert contract("fire_red")["features"]["cmvn"] == {"mean": [9.0, 8.0], "inverse_deviation": [0.5, 1.0]}
    assert contract("omnilingual")["features"] == {"samples_hz": 16000, "normalize_samples": True, "normalize": "utterance"}


def test_frames_and_silence_are_told():
    kinds = ("zipformer", "wenet", "fire_red", "omnilingual", "sense_voice")
    assert [contract(kind)["subsampling"] for kind in kinds] == [4, 8, 4, 320, 1]
    assert [contract(kind)["least_frames"] for kind in kinds[:4]] == [9, 15, 7, 400]
    assert contract("zipformer")["silent"] == ["SIL"]


def test_sense_voice_is_told_its_language_and_how_to_write():
    said = contract("sense_voice")
    assert said["choices"]["language"] == {"input": "language", "values": {"auto": 0, "zh": 3, "nospeech": 13}, "default": "auto"}
    assert said["choices"]["text_norm"] == {"input": "text_norm", "values": {"woitn": 15, "withitn": 14}, "default": "woitn"}
    assert said["languages"] == ["zh-CN"]


@pytest.mark.parametrize(
    ("kind", "change", "sentence"),
    [
        ("paraformer", {"neg_mean": None}, "model.onnx: has no neg_mean in its metadata, which sherpa-onnx needs as well"),
        ("paraformer", {"inv_stddev": "a,b"}, "inv_stddev in its metadata should be numbers with commas"),
        ("paraformer", {"lfr_window_size": "x"}, "lfr_window_size in its metadata is 'x', and should be a whole number"),
        ("sense_voice", {"lang_auto": None}, "has no lang_auto in its metadata"),
        ("wenet", {"subsampling_factor": None}, "has no subsampling_factor in its metadata"),
    ],
)
def test_metadata_that_lack_something_are_named(kind: str, change: dict[str, str | None], sentence: str):
    whole = SUPPORTED[kind]
    said = {key: value for key, value in {**whole.metadata, **change}.items() if value is not None}
    broken = OnnxHead("", 13, whole.inputs, whole.outputs, said, Counter())
    with pytest.raises(PortError, match=sentence):
        contract_of(broken, MODEL, "tokens.txt", ())


def test_numbers_may_have_a_default():
    assert Metadata({}, MODEL).number("vocab_size", -1) == -1
    assert Metadata({"vocab_size": " 5 "}, MODEL).number("vocab_size", -1) == 5
