"""Which recogniser of sherpa-onnx a graph is, by what its file says of itself, and the contract of each kind that is supported.

sherpa-onnx leaves in the metadata of a graph what its runtime needs to know, and computes features by the kind. What is here is
what it does, so that a model hears the same: samples that count to 1 unless it is said, edges of the signal mirrored and bands up
to 400 Hz below half the sample rate for models of icefall and WeNet; FunASR's own convention for models of FunASR. Noise, which
it adds for WeNet's, is not added.

Source: https://github.com/k2-fsa/sherpa-onnx (``csrc/offline-*``, ``scripts/*/export*.py``, Apache-2.0), and the exports of
https://github.com/k2-fsa/icefall (``zipformer/export-onnx-ctc.py``, Apache-2.0).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tingshuo.errors import PortError
from tingshuo.port.recognise.onnx_head import OnnxHead

PARAFORMER, SENSE_VOICE, ZIPFORMER, WENET = "paraformer", "sense_voice_ctc", "zipformer2_ctc", "wenet_ctc"
FIRE_RED, OMNILINGUAL = "fire-red-asr-2-ctc", "omnilingual-asr"
SUPPORTED = {
    PARAFORMER: ("a Paraformer of FunASR", 2, (2, 4)),
    SENSE_VOICE: ("a SenseVoice of FunASR", 4, (1,)),
    ZIPFORMER: ("a Zipformer with CTC of icefall", 2, (2,)),
    WENET: ("a recogniser with CTC of WeNet", 2, (2,)),
    FIRE_RED: ("a FireRedASR with CTC", 2, (2,)),
    OMNILINGUAL: ("an Omnilingual ASR with CTC", 1, (1,)),
}
"""``model_type`` to what it is called, and how many inputs and outputs it has when it hears whole utterances."""
TRANSDUCER = "a part of a transducer (encoder, decoder, joiner)"
_NEMO = "a recogniser of NeMo, whose features have another mel scale (librosa's)"
_NAMED = {
    "conformer": TRANSDUCER,
    "lstm": TRANSDUCER,
    "zipformer": TRANSDUCER,
    "zipformer2": TRANSDUCER,
    "EncDecRNNTBPEModel": "a part of a transducer of NeMo",
    "EncDecCTCModel": _NEMO,
    "EncDecCTCModelBPE": _NEMO,
    "EncDecHybridRNNTCTCBPEModel": _NEMO,
    "EncDecMultiTaskModel": "a part of a Canary of NeMo, an encoder or a decoder that writes word after word",
    "dolphin": "a Dolphin, whose features have another mel scale (librosa's)",
    "fire-red-asr": "a part of a FireRedASR, an encoder or a decoder that writes word after word",
    "medasr_ctc": "a MedASR, whose features are of another kind",
    "moonshine": "a part of a Moonshine, an encoder or a decoder that writes word after word",
    "t-one": "a T-one, which hears streams",
    "tdnn": "the TDNN of icefall's yes-no recipe, whose file does not say at which sample rate it hears",
    "telespeech_ctc": "a TeleSpeech, which hears cepstral coefficients (MFCC)",
}
_STATES = ("cache", "state", "hidden")
"""What the names of inputs have in them that are given what an output was for the chunk before."""
NO_LANGUAGES = ("auto", "nospeech")
"""Values of SenseVoice's input for languages that are none."""
TAGS = {"zh": "zh-CN"}
"""What a manifest calls a language that models call otherwise."""
_SENSE_TAGS = ("language", "emotion", "event", "text_norm")
_LEAST = {4: 7, 6: 11, 8: 15}
"""Vectors of features that WeNet's convolutions before the encoder need, by the subsampling."""
_ZIPFORMER_SUBSAMPLING, _ZIPFORMER_LEAST = 4, 9
_SILENT = ("SIL", "</s>")
"""What sherpa-onnx leaves out of the texts of CTC."""
_WAV2VEC_SUBSAMPLING, _WAV2VEC_LEAST = 320, 400
_MIRRORED = {"snip_edges": False, "high_hz": -400.0}
_HAMMING = {"window": "hamming"}


def refusal(head: OnnxHead) -> str | None:
    """Return what a graph is that cannot be imported, None where it can, empty where nothing is known of it."""
    kind = head.metadata.get("model_type", "")
    inputs = set(head.inputs)
    if {"encoder_out", "decoder_out"} <= inputs or (inputs == {"y"} and "decoder_out" in head.outputs):
        return TRANSDUCER
    if kind.startswith("whisper"):
        return "a part of a Whisper, an encoder or a decoder that writes word after word"
    if any(state in name for name in inputs for state in _STATES):
        return "a recogniser of streams, which keeps states from chunk to chunk"
    if kind in _NAMED:
        return _NAMED[kind]
    if kind not in SUPPORTED:
        return f"a model of the kind {kind!r}" if kind else ""
    if kind == SENSE_VOICE and "Nano" in head.metadata.get("comment", ""):
        return "the encoder of a Fun-ASR-Nano, whose units are bytes of another kind"
    what, n_inputs, n_outputs = SUPPORTED[kind]
    if len(inputs) != n_inputs or len(head.outputs) not in n_outputs:
        return f"a part of {what}, or one of streams: it takes {', '.join(head.inputs)} and gives {', '.join(head.outputs)}"
    return None


def contract_of(head: OnnxHead, path: Path, tokens: str, units: Sequence[str]) -> dict[str, Any]:
    """Return the contract of a graph.

    Parameters
    ----------
    head : OnnxHead
        Of a graph that is supported.
    path : Path
        For messages.
    tokens : str
        Name of the file of its units.
    units : sequence of str
        What lies in it.

    Raises
    ------
    PortError
        Its metadata lack something, or hold something else than they should.
    """
    kind, said = head.metadata["model_type"], Metadata(head.metadata, path)
    inputs, outputs = list(head.inputs), list(head.outputs)
    contract: dict[str, Any] = {
        "output": "paraformer" if kind == PARAFORMER else "ctc",
        "inputs": {"features": inputs[0]} | ({"lengths": inputs[1]} if len(inputs) > 1 else {}),
        "outputs": {"scores": outputs[0]},
        "units": tokens,
    }
    if kind == PARAFORMER:
        contract["outputs"] |= {"count": outputs[1]} | ({"peaks": outputs[3]} if len(outputs) > 2 else {})
        return contract | {"scores": "logits", "tokenizer": "joined", "features": _low_rate(said, normalize=False)}
    if kind == SENSE_VOICE:
        return contract | _sense_voice(said, inputs)
    contract["silent"] = [unit for unit in _SILENT if unit in units]
    if kind == OMNILINGUAL:
        heard = {"samples_hz": said.number("sample_rate", 16000), "normalize_samples": True, "normalize": "utterance"}
        return contract | {
            "scores": "logits", "blank": 0, "features": heard,
            "subsampling": _WAV2VEC_SUBSAMPLING, "least_frames": _WAV2VEC_LEAST,
        }  # fmt: skip
    contract["outputs"]["lengths"] = outputs[1]
    if kind == ZIPFORMER:
        features = {"fbank": _MIRRORED, "normalize_samples": True}
        return contract | {"features": features, "subsampling": _ZIPFORMER_SUBSAMPLING, "least_frames": _ZIPFORMER_LEAST}
    subsampling = said.number("subsampling_factor", 4 if kind == FIRE_RED else None)
    features = {"fbank": _MIRRORED if kind == WENET else {}, "normalize_samples": False}
    if kind == FIRE_RED:
        features["cmvn"] = {"mean": said.numbers("cmvn_mean"), "inverse_deviation": said.numbers("cmvn_inv_stddev")}
    return contract | {"features": features, "subsampling": subsampling, "least_frames": _LEAST.get(subsampling, 1)}


class Metadata:
    """What the file of a graph says of itself, read strictly."""

    def __init__(self, said: Mapping[str, str], path: Path) -> None:
        self._said, self._path = said, path

    def number(self, key: str, default: int | None = None) -> int:
        """Return a whole number.

        Raises
        ------
        PortError
            It is not there, and nothing is taken in its place, or it is no number.
        """
        if key not in self._said and default is not None:
            return default
        try:
            return int(self._text(key))
        except ValueError as error:
            raise PortError(
                f"{self._path}: {key} in its metadata is {self._said[key][:40]!r}, and should be a whole number"
            ) from error

    def numbers(self, key: str) -> list[float]:
        """Return numbers with commas between them; errors as of `number`."""
        try:
            return [float(part) for part in self._text(key).split(",") if part.strip()]
        except ValueError as error:
            raise PortError(f"{self._path}: {key} in its metadata should be numbers with commas between them") from error

    def languages(self) -> dict[str, int]:
        """Return the numbers of languages by their names, as ``lang_zh`` has them."""
        return {key.removeprefix("lang_"): self.number(key) for key in self._said if key.startswith("lang_")}

    def _text(self, key: str) -> str:
        if key not in self._said:
            raise PortError(
                f"{self._path}: has no {key} in its metadata, which sherpa-onnx needs as well; export it anew with the script "
                "that sherpa-onnx has for its kind"
            )
        return self._said[key]


def _low_rate(said: Metadata, *, normalize: bool) -> dict[str, Any]:
    """Return the features of FunASR's models."""
    return {
        "fbank": _HAMMING,
        "normalize_samples": normalize,
        "stack": said.number("lfr_window_size"),
        "stride": said.number("lfr_window_shift"),
        "cmvn": {"mean": [0 - one for one in said.numbers("neg_mean")], "inverse_deviation": said.numbers("inv_stddev")},
    }


def _sense_voice(said: Metadata, inputs: Sequence[str]) -> dict[str, Any]:
    languages = said.languages()
    if "auto" not in languages:
        said.number("lang_auto")  # which says that it is missing
    written = {"woitn": said.number("without_itn"), "withitn": said.number("with_itn")}
    return {
        "scores": "logits",
        "blank": said.number("blank_id", 0),
        "features": _low_rate(said, normalize=bool(said.number("normalize_samples"))),
        "subsampling": 1,
        "choices": {
            "language": {"input": inputs[2], "values": languages, "default": "auto"},
            "text_norm": {"input": inputs[3], "values": written, "default": "woitn"},
        },
        "tags": _SENSE_TAGS,
        "languages": [TAGS.get(name, name) for name in languages if name not in NO_LANGUAGES],
    }
