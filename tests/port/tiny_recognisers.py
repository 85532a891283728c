"""Made-up recognisers in the layouts of sherpa-onnx and FunASR, of a few kilobytes, and sounds for them to hear.

A net of these answers with a random projection of its features, so what it says is a fingerprint of what it heard: other features
give another text. Nothing of Tingshuo is imported here, as `make_sherpa_golden` runs it beside the original.
"""

import json
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Floats = NDArray[np.float32]
RATE = 16000
HANZI = "你好今天真气我们在家听说话很高兴学习语音识别中文和英的一二三四五六七八九十上下"
BANDS = 80
LFR, STRIDE = 7, 6
MEAN = 0.85
"""How much of an utterance's mean a net takes out: without, it would say the same all the time; the rest is for the level."""
FP, I64, I32 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32


def spelt(text: str) -> str:
    """Spell bytes by icefall's letters: printable ASCII as it is, others from U+0100 on where NFKC changes nothing."""
    free = (chr(code) for code in range(256, 512) if unicodedata.is_normalized("NFKC", chr(code)))
    letters = [chr(byte) if 32 <= byte < 127 else next(free) for byte in range(256)]
    return "".join(letters[byte] for byte in text.encode())


CHARS = ("<blk>", "<sos/eos>", "<unk>", *HANZI[:24], "▁HEL", "LO", "▁A", "S")
BYTES = ("<blk>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "好", "你", "们", "▁THE", "N", "ING")
LETTERS = ("<blk>", "<unk>", "▁", *(spelt(hanzi) for hanzi in HANZI[:16]), f"▁{spelt('好')}", "▁THE", "N", "'S")
WORDS = ("<blank>", "<s>", "</s>", *HANZI[:20], "hel@@", "lo", "wor@@", "ld", "a", "b", "<unk>")
SENSES = (
    "<unk>", "<s>", "</s>", *HANZI[:16], "▁the", "▁a", "n", "<|zh|>", "<|en|>", "<|ja|>", "<|NEUTRAL|>", "<|Speech|>",
    "<|withitn|>", "<|woitn|>",
)  # fmt: skip
RAW = ("<s>", "<pad>", "</s>", " ", *HANZI[:20], "a", "b")


def sound(seed: int, seconds: float = 1.5) -> Floats:
    """Gliding tones with breaks over noise that is never far below them."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(RATE * seconds)) / RATE
    wav = 0.02 * rng.standard_normal(len(time))
    for _ in range(4):
        low, high, begin = rng.uniform(80, 900), rng.uniform(900, 5000), rng.uniform(0, 0.6 * seconds)
        inside = (time > begin) & (time < begin + 0.5 * seconds)
        wav += 0.15 * inside * np.sin(2 * np.pi * (low * time + (high - low) * np.square(time) / seconds))
    return np.clip(wav, -0.99, 0.99).astype(np.float32)


class Voice:
    """Stands in for the built-in voice where a rehearsal wants to hear something."""

    sample_rate = RATE

    def __init__(self) -> None:
        self.wav = sound(0)

    def synthesize(self, text: str) -> "Voice":
        return self


def weights(
    seed: int, size: int, units: int, level: float, quiet: Sequence[int] = (), blank: int | None = None
) -> tuple[Floats, Floats]:
    """A projection (size, units) and its bias for features around ``level``, most of whose mean is gone; ``quiet`` never win."""
    rng = np.random.default_rng(seed)
    projection = (2 * rng.standard_normal((size, units)) / np.sqrt(size)).astype(np.float32)
    bias = -level * (1 - MEAN) * projection.sum(0, dtype=np.float64)
    bias[list(quiet)] = -1e4
    projection[:, list(quiet)] = 0
    if blank is not None:
        bias[blank] += 1.5
    return projection, bias.astype(np.float32)


def settled(features: str, few: str, settled: str) -> list[onnx.NodeProto]:
    """Take most of the mean of an utterance's features out of a few of them."""
    node = helper.make_node
    return [
        node("ReduceMean", [features], ["mean"], axes=[1], keepdims=1),
        node("Constant", [], ["share"], value_float=MEAN),
        node("Mul", ["mean", "share"], ["most"]),
        node("Sub", [few, "most"], [settled]),
    ]


def value(name: str, kind: int, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, list(shape))


def tensor(name: str, array: Any) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(array), name)


def model(
    nodes: list[onnx.NodeProto], inputs: Sequence[Any], outputs: Sequence[Any], tensors: dict[str, Any], said: dict[str, Any]
) -> onnx.ModelProto:
    held = [tensor(name, array) for name, array in tensors.items()]
    made = helper.make_model(
        helper.make_graph(nodes, "main", list(inputs), list(outputs), held),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    helper.set_model_props(made, {key: str(text) for key, text in said.items()})
    return made


def numbers(array: Floats) -> str:
    return ",".join(f"{one:.6f}" for one in array)


def tokens(units: Sequence[str], *, extra: bool = False) -> str:
    """As icefall and sherpa-onnx write them; the space is a line with a number alone."""
    rows = [f"{unit} {number}".strip() for number, unit in enumerate(units)]
    rows += [f"#0 {len(units)}", f"#1 {len(units) + 1}"] if extra else []
    return "\n".join(rows) + "\n"


def ctc(
    units: Sequence[str],
    said: dict[str, Any],
    level: float,
    *,
    seed: int = 0,
    integer: bool = False,
    bands: int = BANDS,
    quiet: Sequence[int] = (1,),
) -> onnx.ModelProto:
    """Every fourth frame between the third and the last but three; ``integer`` as ONNX Runtime quantises, dynamically."""
    projection, bias = weights(seed, bands, len(units), level, quiet, blank=0)
    node = helper.make_node
    nodes = [node("Slice", ["x", "begin", "end", "axis", "step"], ["some"]), *settled("x", "some", "few")]
    held: dict[str, Any] = {"begin": [3], "end": [-4], "axis": [1], "step": [4]}
    held = {name: np.array(one, np.int64) for name, one in held.items()} | {"bias": bias}
    if integer:
        scale = np.float32(np.abs(projection).max() / 127)
        held |= {"weight": np.round(projection / scale).astype(np.int8), "scale": scale, "zero": np.int8(0)}
        nodes += [
            node("DynamicQuantizeLinear", ["few"], ["q", "q_scale", "q_zero"]),
            node("MatMulInteger", ["q", "weight", "q_zero", "zero"], ["i"]),
            node("Cast", ["i"], ["f"], to=FP),
            node("Mul", ["q_scale", "scale"], ["both"]),
            node("Mul", ["f", "both"], ["projected"]),
        ]
    else:
        held["weight"] = projection
        nodes.append(node("MatMul", ["few", "weight"], ["projected"]))
    nodes += [
        node("Add", ["projected", "bias"], ["logits"]),
        node("LogSoftmax", ["logits"], ["log_probs"], axis=-1),
        node("Shape", ["log_probs"], ["log_probs_len"], start=1, end=2),
    ]
    inputs = value("x", FP, "N", "T", bands), value("x_lens", I64, "N")
    outputs = value("log_probs", FP, "N", "U", len(units)), value("log_probs_len", I64, "N")
    return model(nodes, inputs, outputs, held, said)


def zipformer(units: Sequence[str] = CHARS, **options: Any) -> onnx.ModelProto:
    said = {"model_type": "zipformer2_ctc", "version": "1", "model_author": "k2-fsa", "comment": "non-streaming zipformer2 CTC"}
    return ctc(units, said, -8.0, **options)


def wenet(units: Sequence[str] = ("<blank>", "<unk>", *HANZI[:20], "<sos/eos>")) -> onnx.ModelProto:
    said = {"model_type": "wenet_ctc", "version": "1", "subsampling_factor": 4, "vocab_size": len(units), "url": "made up"}
    return ctc(units, said, 13.0, seed=1)


def fire_red(units: Sequence[str] = CHARS) -> onnx.ModelProto:
    mean, scale = normaliser(BANDS)
    said = {
        "model_type": "fire-red-asr-2-ctc",
        "subsampling_factor": 4,
        "cmvn_mean": numbers(mean),
        "cmvn_inv_stddev": numbers(scale),
    }
    return ctc(units, said, 0.0, seed=2)


def normaliser(size: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(size)
    return rng.uniform(10, 14, size).astype(np.float32), rng.uniform(0.2, 0.4, size).astype(np.float32)


def low_rate(kind: str, units: Sequence[str]) -> dict[str, Any]:
    mean, scale = normaliser(BANDS * LFR)
    return {
        "model_type": kind, "lfr_window_size": LFR, "lfr_window_shift": STRIDE, "neg_mean": numbers(-mean),
        "inv_stddev": numbers(scale), "vocab_size": len(units), "model_author": "iic", "version": "1",
    }  # fmt: skip


def paraformer(units: Sequence[str] = WORDS, *, timed: bool = True, said: dict[str, Any] | None = None) -> onnx.ModelProto:
    """A token every third frame, then the end; peaks at three to a frame, and one at the end."""
    projection, bias = weights(3, BANDS * LFR, len(units), 0.0, quiet=[0, 1, 2])
    end = np.full((1, 1, len(units)), -50, np.float32)
    end[0, 0, units.index("</s>")] = 0
    node = helper.make_node
    nodes = [
        node("Slice", ["speech", "zero", "large", "one", "three"], ["some"]),
        *settled("speech", "some", "few"),
        node("MatMul", ["few", "weight"], ["projected"]),
        node("Add", ["projected", "bias"], ["scored"]),
        node("Concat", ["scored", "end"], ["logits"], axis=1),
        node("Shape", ["logits"], ["count"], start=1, end=2),
        node("Cast", ["count"], ["token_num"], to=I32),
    ]
    outputs = [value("logits", FP, "B", "U", len(units)), value("token_num", I32, "B")]
    one = np.array([1], np.int64)
    held = {"zero": 0 * one, "large": 10**6 * one, "one": one, "three": 3 * one, "weight": projection, "bias": bias, "end": end}
    if timed:
        nodes += [
            node("Shape", ["few"], ["tokens"], start=1, end=2),
            node("Concat", ["one", "tokens", "one"], ["repeats"], axis=0),
            node("Tile", ["pattern", "repeats"], ["tiled"]),
            node("Reshape", ["tiled", "row"], ["flat"]),
            node("Concat", ["flat", "last"], ["us_cif_peak"], axis=1),
            node("Identity", ["us_cif_peak"], ["us_alphas"]),
        ]
        pattern = np.full((1, 1, 9), 0.3, np.float32)
        pattern[0, 0, 2] = 1.0
        held |= {"pattern": pattern, "row": np.array([1, -1], np.int64), "last": np.ones((1, 1), np.float32)}
        outputs += [value("us_alphas", FP, "B", "A"), value("us_cif_peak", FP, "B", "A")]
    inputs = value("speech", FP, "B", "T", BANDS * LFR), value("speech_lengths", I32, "B")
    return model(nodes, inputs, outputs, held, low_rate("paraformer", units) if said is None else said)


def sense_voice(units: Sequence[str] = SENSES, *, funasr: bool = False) -> onnx.ModelProto:
    """Four frames that depend on what is chosen, then one for each vector of features."""
    x, lengths, norm, scores = (
        ("speech", "speech_lengths", "textnorm", "ctc_logits") if funasr else ("x", "x_length", "text_norm", "logits")
    )
    marks = [n for n, unit in enumerate(units) if unit.startswith("<")]
    projection, bias = weights(4, BANDS * LFR, len(units), 0.0, quiet=marks[1:], blank=0)
    table = np.full((20, len(units)), -9, np.float32)
    for number, unit in {0: "<|zh|>", 3: "<|zh|>", 4: "<|en|>", 11: "<|ja|>", 14: "<|withitn|>", 15: "<|woitn|>"}.items():
        table[number, units.index(unit)] = 5
    middle = np.full((1, 2, len(units)), -9, np.float32)
    middle[0, [0, 1], [units.index("<|NEUTRAL|>"), units.index("<|Speech|>")]] = 5
    node = helper.make_node
    nodes = [
        node("Gather", ["table", "language"], ["spoken"]),
        node("Unsqueeze", ["spoken", "one"], ["first"]),
        node("Gather", ["table", norm], ["written"]),
        node("Unsqueeze", ["written", "one"], ["fourth"]),
        *settled(x, x, "few"),
        node("MatMul", ["few", "weight"], ["projected"]),
        node("Add", ["projected", "bias"], ["scored"]),
        node("Concat", ["first", "middle", "fourth", "scored"], [scores], axis=1),
    ]
    held = {"table": table, "middle": middle, "weight": projection, "bias": bias, "one": np.array([1])}
    outputs = [value(scores, FP, "N", "U", len(units))]
    if funasr:
        held["four"] = np.array([4])
        nodes += [node("Cast", ["four"], ["more"], to=I32), node("Add", [lengths, "more"], ["encoder_out_lens"])]
        outputs.append(value("encoder_out_lens", I32, "N"))
    said = low_rate("sense_voice_ctc", units) | {
        "normalize_samples": 0, "with_itn": 14, "without_itn": 15, "comment": "made up",
        "lang_auto": 0, "lang_zh": 3, "lang_en": 4, "lang_yue": 7, "lang_ja": 11, "lang_ko": 12, "lang_nospeech": 13,
    }  # fmt: skip
    inputs = [value(x, FP, "N", "T", BANDS * LFR), *(value(name, I32, "N") for name in (lengths, "language", norm))]
    return model(nodes, inputs, outputs, held, {} if funasr else said)


def omnilingual(units: Sequence[str] = RAW) -> onnx.ModelProto:
    rng = np.random.default_rng(5)
    kernel = (rng.standard_normal((len(units), 1, 400)) / 20).astype(np.float32)
    kernel[0] *= 6  # the blank
    node = helper.make_node
    nodes = [
        node("Unsqueeze", ["x", "one"], ["row"]),
        node("Conv", ["row", "kernel"], ["heard"], strides=[320]),
        node("Transpose", ["heard"], ["logits"], perm=[0, 2, 1]),
    ]
    inputs, outputs = [value("x", FP, "N", "S")], [value("logits", FP, "N", "T", len(units))]
    said = {"model_type": "omnilingual-asr", "vocab_size": len(units), "sample_rate": 16000}
    return model(nodes, inputs, outputs, {"one": np.array([1]), "kernel": kernel}, said)


Make = Callable[[], tuple[onnx.ModelProto, Sequence[str]]]
KINDS: dict[str, Make] = {
    "paraformer": lambda: (paraformer(), WORDS),
    "paraformer_untimed": lambda: (paraformer(timed=False), WORDS),
    "sense_voice": lambda: (sense_voice(), SENSES),
    "zipformer": lambda: (zipformer(), CHARS),
    "zipformer_int8": lambda: (zipformer(integer=True), CHARS),
    "zipformer_bytes": lambda: (zipformer(BYTES, seed=6, quiet=[*range(1, 67), *range(90, 258)]), BYTES),
    "zipformer_letters": lambda: (zipformer(LETTERS, seed=7), LETTERS),
    "wenet": lambda: (wenet(), ("<blank>", "<unk>", *HANZI[:20], "<sos/eos>")),
    "fire_red": lambda: (fire_red(), CHARS),
    "omnilingual": lambda: (omnilingual(), RAW),
}


def write(folder: Path, kind: str, *, name: str = "model.onnx") -> Path:
    """Write a model of sherpa-onnx and return its folder."""
    made, units = KINDS[kind]()
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(made, folder / name)
    (folder / "tokens.txt").write_text(tokens(units, extra=kind == "zipformer"), "utf-8")
    return folder


def write_funasr(folder: Path, made: onnx.ModelProto, units: Sequence[str], *, name: str = "model.onnx") -> Path:
    """Write a model as FunASR exports it and return its folder."""
    mean, scale = normaliser(BANDS * LFR)
    rows = "".join(
        f"<{what}> 560 560\n<LearnRateCoef> 0 [ {numbers(row).replace(',', ' ')} ]\n"
        for what, row in (("AddShift", -mean), ("Rescale", scale))
    )
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(made, folder / name)
    (folder / "am.mvn").write_text(f"<Nnet>\n<Splice> 560 560\n[ 0 ]\n{rows}</Nnet>\n")
    (folder / "tokens.json").write_text(json.dumps(list(units), ensure_ascii=False), "utf-8")
    (folder / "config.yaml").write_text(
        "frontend: WavFrontend\nfrontend_conf:\n    fs: 16000\n    window: hamming\n    n_mels: 80\n    frame_length: 25\n"
        "    frame_shift: 10\n    lfr_m: 7\n    lfr_n: 6\nmodel_conf:\n    predictor_bias: 1\n"
    )
    return folder
