"""A folder of FunASR's own ONNX runtime: a graph that says nothing of itself, with what it hears in files beside it.

::

    model.onnx, model_quant.onnx    inputs speech, speech_lengths (language, textnorm); outputs logits, token_num
                                    (us_alphas, us_cif_peak), or ctc_logits, encoder_out_lens
    config.yaml                     frontend_conf: how features are computed
    am.mvn                          what they are normalised by
    tokens.json                     the units

Source: https://github.com/modelscope/FunASR (``runtime/python/onnxruntime``, ``funasr/models/*/export_meta.py``, MIT).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tingshuo.errors import PortError
from tingshuo.port.recognise.onnx_head import OnnxHead

CONFIG, MVN, TOKENS = "config.yaml", "am.mvn", ("tokens.json", "tokens.txt")
_PARAFORMER = {"speech", "speech_lengths"}
_SENSE_VOICE = {*_PARAFORMER, "language", "textnorm"}
_LANGUAGES = {"auto": 0, "zh": 3, "en": 4, "yue": 7, "ja": 11, "ko": 12, "nospeech": 13}
_WRITTEN = {"woitn": 15, "withitn": 14}
"""What stands for languages, and for texts as they are spoken or with figures and punctuation, in SenseVoice."""
_TAGS = ("language", "emotion", "event", "text_norm")
_SPOKEN = ("zh-CN", "yue", "en", "ja", "ko")
_BLANK = 0
_FBANK = {
    "fs": "sample_rate",
    "n_mels": "n_mels",
    "window": "window",
    "frame_length": "frame_length_ms",
    "frame_shift": "frame_shift_ms",
}
_KNOWN = {*_FBANK, "lfr_m", "lfr_n", "dither", "cmvn_file"}
_FLOATS = ("frame_length_ms", "frame_shift_ms")


def funasr_refusal(head: OnnxHead) -> str | None:
    """Return what a graph of FunASR is that cannot be imported, None where it can, empty where it is not one."""
    inputs, outputs = set(head.inputs), set(head.outputs)
    if "bias_embed" in inputs:
        return "a Paraformer with hotwords in the net (contextual, SeACo), which wants a second graph"
    if any("cache" in name for name in inputs):
        return "a net of FunASR for streams, which keeps states from chunk to chunk"
    if inputs == {"inputs", "text_lengths"}:
        return "a net of FunASR that sets punctuation"
    if inputs == _PARAFORMER and "enc" in outputs:
        return "the encoder of a Paraformer for streams"
    if inputs == _SENSE_VOICE and {"ctc_logits", "encoder_out_lens"} <= outputs:
        return None
    return None if inputs == _PARAFORMER and {"logits", "token_num"} <= outputs else ""


def funasr_contract(graph: Path, head: OnnxHead) -> tuple[str, dict[str, Any], tuple[str, ...]]:
    """Return what a graph of FunASR is, its contract, and notes.

    Raises
    ------
    PortError
        A file beside it is missing or cannot be read.
    """
    folder = graph.parent
    missing = next((name for name in (CONFIG, MVN) if not (folder / name).is_file()), None)
    if missing:
        raise PortError(f"{graph}: has no {missing} beside it, so it is not known what the net hears; put it there")
    tokens = next((name for name in TOKENS if (folder / name).is_file()), None)
    if tokens is None:
        raise PortError(f"{graph}: has no {TOKENS[0]} beside it, so what it hears cannot be written; put it there")
    features, notes = _features(folder / CONFIG)
    contract = {"features": features, "scores": "logits", "units": tokens, "blank": _BLANK, "subsampling": 1}
    inputs = {"features": "speech", "lengths": "speech_lengths"}
    if "language" in head.inputs:
        choices = {
            "language": {"input": "language", "values": _LANGUAGES, "default": "auto"},
            "text_norm": {"input": "textnorm", "values": _WRITTEN, "default": "woitn"},
        }
        outputs = {"scores": "ctc_logits", "lengths": "encoder_out_lens"}
        return "a SenseVoice of FunASR", contract | {
            "output": "ctc", "inputs": inputs, "outputs": outputs, "choices": choices, "tags": _TAGS,
            "languages": _SPOKEN,
        }, notes  # fmt: skip
    outputs = {"scores": "logits", "count": "token_num"}
    if "us_cif_peak" in head.outputs:
        outputs["peaks"] = "us_cif_peak"
    said = {"output": "paraformer", "inputs": inputs, "outputs": outputs, "tokenizer": "joined"}
    return "a Paraformer of FunASR", contract | said, notes


def _features(path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the features of a contract by a ``frontend_conf``, and what of it was not heeded."""
    import yaml  # here, as what a folder is can be told without it

    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise PortError(f"{path}: cannot be read as YAML: {reason}") from error
    said = content.get("frontend_conf") if isinstance(content, Mapping) else None
    if not isinstance(said, Mapping):
        raise PortError(f"{path}: has no frontend_conf, so it is not known what the net hears")
    fbank: dict[str, Any] = {"window": "hamming"} | {ours: said[theirs] for theirs, ours in _FBANK.items() if theirs in said}
    for name in _FLOATS:
        if isinstance(fbank.get(name), int):
            fbank[name] = float(fbank[name])
    idle = [str(key) for key in said if key not in _KNOWN]
    notes = (f"{', '.join(idle)} of frontend_conf is nothing that FunASR's ONNX runtime heeds, and was left out",) if idle else ()
    features = {
        "fbank": fbank,
        "normalize_samples": False,
        "stack": said.get("lfr_m", 1),
        "stride": said.get("lfr_n", 1),
        "cmvn": MVN,
    }
    return features, notes
