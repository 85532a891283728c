"""Tiny voices in the layouts of sherpa-onnx whose sound tells which symbols they were given, and how fast and by whom.

A symbol lasts ``id % 3 + 2`` frames, longer when slower; a frame of sound begins with its id. Random numbers and durations are
where VITS and Matcha have them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tingshuo.errors import TextError
from tingshuo.port.convert.graph_voice import graph_voice_draft
from tingshuo.port.draft import Draft
from tingshuo.text.englishwords import say_english
from tingshuo.text.lexicon import load_lexicon
from tingshuo.text.symbols import ARPABET, FINALS, INITIALS, split_syllable

ROWS, BANDS, BINS = 2304, 8, 9
HOP, N_FFT, VOCOS_HOP = 64, 16, 4
STEP = 1 / 4096
"""Of the first sample of a frame, a symbol's id."""
TONE = 1e-7
"""In every sample, the squares of all tones."""
COMMON = "今天气真好我们去公园吧你一不是说银行长大了的东西豆腐乐谁得吗"
ENGLISH = (
    "hello machine learning vision measure boy join think this father thought house chip judge young zoo very good food about "
    "book pleasure usual yes wish king happy way noise toy bird early now out they there cheese jeep show"
)
INT, FLOAT = TensorProto.INT64, TensorProto.FLOAT


class Builder:
    """A graph in the making."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[TensorProto] = []

    def __call__(self, kind: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Append a node and return its output."""
        name = out or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def const(self, value: Any, dtype: Any = np.float32) -> str:
        """Return a constant."""
        self.weights.append(numpy_helper.from_array(np.asarray(value, dtype), f"c{len(self.weights)}"))
        return self.weights[-1].name

    def save(self, path: Path, inputs: Mapping[str, Any], outputs: Mapping[str, Any], **said: Any) -> Path:
        """Write the graph with its metadata."""
        values = [[helper.make_tensor_value_info(name, *kind) for name, kind in side.items()] for side in (inputs, outputs)]
        graph = helper.make_graph(self.nodes, "g", *values, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        helper.set_model_props(model, {key: str(value) for key, value in said.items()})
        path.write_bytes(model.SerializeToString())
        return path


def frames_of(make: Builder, ids: str, length: str, duration_noise: str | None, *, matcha: bool = False) -> str:
    """Write the frames of symbols: ids (F,)."""
    row = make("Reshape", ids, make.const([-1], np.int64))
    own = make("Cast", make("Add", make("Mod", row, make.const(3, np.int64)), make.const(2, np.int64)), to=FLOAT)
    long = make("Reshape", own, make.const([1, 1, -1], np.int64))
    if duration_noise:
        drawn = make("RandomNormalLike", long)
        long = make("Mul", long, make("Exp", make("Mul", make("Mul", drawn, duration_noise), make.const(0.2))))
    durations = make("Mul", make("Ceil", long), length) if matcha else make("Ceil", make("Mul", long, length))
    ends = make("Reshape", make("CumSum", durations, make.const(2, np.int64)), make.const([-1, 1], np.int64))
    total = make("Cast", make("ReduceSum", durations, keepdims=0), to=INT)
    frames = make("Range", make.const(0, np.int64), total, make.const(1, np.int64))
    passed = make("LessOrEqual", ends, make("Cast", make("Unsqueeze", frames, make.const([0], np.int64)), to=FLOAT))
    place = make("ReduceSum", make("Cast", passed, to=INT), make.const([0], np.int64), keepdims=0)
    return make("Gather", row, place, axis=0)


def sounds() -> NDArray[np.float32]:
    """Return a frame of sound for every symbol."""
    tone = 0.1 * np.sin(np.outer(np.arange(1, ROWS + 1), np.arange(HOP)) * 2 * np.pi / HOP / 8)
    tone[:, 0] = np.arange(ROWS) * STEP
    return tone.astype(np.float32)


def write_vits(
    path: Path, *, speakers: int = 1, tones: bool = False, vector: bool = False, emotion: bool = False, **said: Any
) -> Path:
    """Write a graph that gives sound, with inputs in the order of icefall, Melo (``tones``) or Piper (``vector``)."""
    make = Builder()
    number: Any = (FLOAT, [1])
    inputs: dict[str, Any] = {"x": (INT, ["N", "L"]), "x_length": (INT, ["N"])}
    if tones:
        inputs |= {"tones": (INT, ["N", "L"]), "sid": (INT, [1])}
    if vector:
        inputs["scales"] = (FLOAT, [3])
        noise, length, shake = (
            make("Slice", "scales", make.const([n], np.int64), make.const([n + 1], np.int64)) for n in range(3)
        )
    else:
        inputs |= dict.fromkeys(("noise_scale", "length_scale", "noise_scale_w"), number)
        noise, length, shake = "noise_scale", "length_scale", "noise_scale_w"
    inputs |= {"sid": (INT, [1])} if speakers > 1 and not tones else {}
    inputs |= {"emotion_id": (INT, [1])} if emotion else {}
    ids = frames_of(make, "x", length, shake)
    wav = make("Gather", make.const(sounds()), ids, axis=0)
    wav = make("Add", wav, make("Mul", make("Mul", make("RandomNormalLike", wav), noise), make.const(0.01)))
    if speakers > 1:
        loud = make("Add", make("Cast", "sid", to=FLOAT), make.const(1.0))
        wav = make("Div", wav, loud)
    if emotion:
        wav = make("Div", wav, make("Add", make("Cast", "emotion_id", to=FLOAT), make.const(1.0)))
    if tones:
        whole = make("Cast", make("ReduceSum", make("Mul", "tones", "tones"), keepdims=0), to=FLOAT)
        wav = make("Add", wav, make("Mul", whole, make.const(TONE)))
    make("Reshape", wav, make.const([1, 1, -1], np.int64), out="y")
    return make.save(path, inputs, {"y": (FLOAT, [1, 1, "T"])}, **said)


def write_matcha(path: Path, *, bands: int = BANDS, **said: Any) -> Path:
    """Write a graph that gives a mel."""
    make = Builder()
    ids = frames_of(make, "x", "length_scale", None, matcha=True)
    table = np.random.default_rng(0).normal(-4, 1, (ROWS, bands)).astype(np.float32)
    table[:, 0] = np.arange(ROWS) * STEP
    mel = make("Gather", make.const(table), ids, axis=0)
    mel = make("Add", mel, make("Mul", make("RandomNormalLike", mel), make("Mul", "noise_scale", make.const(0.1))))
    make("Unsqueeze", make("Transpose", mel, perm=[1, 0]), make.const([0], np.int64), out="mel")
    inputs: dict[str, Any] = {"x": (INT, ["N", "L"]), "x_length": (INT, ["N"])}
    inputs |= dict.fromkeys(("noise_scale", "length_scale"), (FLOAT, [1]))
    return make.save(path, inputs, {"mel": (FLOAT, [1, bands, "F"])}, **said)


def write_hifigan(path: Path, *, bands: int = BANDS, rate: int = 22050, plain: bool = False) -> Path:
    """Write a vocoder that looks two frames around; of a ``plain`` one each frame starts with the first band."""
    make = Builder()
    kernels = 0.2 * np.random.default_rng(1).normal(size=(HOP, bands, 5))
    if plain:
        kernels[:] = 0
        kernels[0, 0, 2] = 1
    hidden = make("Conv", "mel", make.const(kernels), pads=[2, 2])
    hidden = hidden if plain else make("Tanh", hidden)
    make("Reshape", make("Transpose", hidden, perm=[0, 2, 1]), make.const([1, -1], np.int64), out="audio")
    inputs = {"mel": (FLOAT, ["N", bands, "L"])}
    return make.save(path, inputs, {"audio": (FLOAT, ["N", "T"])}, model_type="hifigan", sample_rate=rate, version=1)


def write_vocos(path: Path, *, bands: int = BANDS, rate: int = 22050, **said: Any) -> Path:
    """Write a vocoder that looks one frame around and gives magnitude, cosine and sine."""
    make = Builder()
    rng = np.random.default_rng(2)
    for name, kind in (("mag", "Exp"), ("x", "Cos"), ("y", "Sin")):
        rng = np.random.default_rng(2 if name == "mag" else 3)
        hidden = make("Conv", "mel", make.const(0.3 * rng.normal(size=(BINS, bands, 3))), pads=[1, 1])
        make(kind, hidden, out=name)
    inputs = {"mel": (FLOAT, ["N", bands, "L"])}
    told = {"model_type": "vocos", "sample_rate": rate, "n_fft": N_FFT, "hop_length": VOCOS_HOP, "win_length": N_FFT, **said}
    return make.save(path, inputs, {name: (FLOAT, ["N", BINS, "L"]) for name in ("mag", "x", "y")}, **told)


def read_ids(wav: NDArray[Any]) -> list[int]:
    """Return the symbols that a sound without noise was made of."""
    frames = np.rint(np.asarray(wav).reshape(-1, HOP)[:, 0] / STEP).astype(int).tolist()
    ids, place = [], 0
    while place < len(frames):
        ids.append(frames[place])
        place += frames[place] % 3 + 2
    return ids


def write_tables(folder: Path, tokens: Iterable[str], lexicon: Iterable[str] = ()) -> Path:
    """Write ``tokens.txt``, and ``lexicon.txt`` where there are lines for it."""
    (folder / "tokens.txt").write_text("".join(f"{token} {row}\n" for row, token in enumerate(tokens)), "utf-8")
    lines = list(lexicon)
    if lines:
        (folder / "lexicon.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


@cache
def characters() -> dict[str, tuple[str, ...]]:
    """Return characters with their readings, some for every syllable of Mandarin."""
    ours, found, seen = load_lexicon(), {}, Counter()
    for code in range(0x4E00, 0x9FA6):
        readings = ours.readings(chr(code))
        if readings and (seen[readings[0]] < 3 or chr(code) in COMMON):
            seen[readings[0]] += 1
            found[chr(code)] = readings
    return found


def whole_syllables() -> tuple[list[str], list[str]]:
    """Return tokens and lexicon of a voice whose symbols are syllables with their tone, none for the neutral one: Matcha's."""
    lines = [f"{one} {readings[0].removesuffix('5')}" for one, readings in characters().items()]
    tokens = sorted({f"{line.split()[1].rstrip('1234')}{tone}" for line in lines for tone in ("", *"1234")})
    return ["_", *",.!?", *tokens], lines


def initials_and_finals() -> tuple[list[str], list[str]]:
    """Return tokens and lexicon of a voice of initials, finals with their tone, and a mark after each syllable: aishell3's."""
    lines, tokens = [], {}
    for one, readings in characters().items():
        try:
            parts = split_syllable(readings[0])
        except TextError:
            continue
        tokens |= dict.fromkeys((parts.initial or "^", *(f"{parts.final}{tone}" for tone in "12345")))
        lines.append(f"{one} {parts.initial or '^'} {parts.final}{parts.tone} #0")
    return ["sil", "eos", "#0", *tokens], lines


def with_tones() -> tuple[list[str], list[str]]:
    """Return tokens and lexicon of a voice of phones with tones beside them, English words among them: Melo's."""
    lines, tokens = [], {}
    for word in ENGLISH.split():
        phones = [phone for syllable in say_english(word) for phone in syllable.pinyin.split()]
        small = [phone.rstrip("012").lower() for phone in phones]
        tokens |= dict.fromkeys(small)
        lines.append(f"{word} {' '.join(small)} {' '.join('8' if phone[-1] == '1' else '7' for phone in phones)}")
    for one, readings in characters().items():
        try:
            parts = split_syllable(readings[0])
        except TextError:
            continue
        written = [part for part in (parts.initial, parts.final.upper()) if part]
        tokens |= dict.fromkeys(written)
        lines.append(f"{one} {' '.join(written)} {' '.join([str(parts.tone)] * len(written))}")
    return ["_", *",.!?", *tokens], lines


EMOTIONS = ("neutral", "sad", "angry", "lyrical")
SPEAKERS = ("anna", "bo")


def pinyin_tokens() -> list[str]:
    """Return the tokens of a voice of initials and finals with their tone, spelt out."""
    finals = [f"{final}{tone}" for final in FINALS for tone in "12345"]
    return ["_", "sil", *"，。！？", *INITIALS, *finals, *ARPABET]


def contract() -> dict[str, Any]:
    """Return what a user would say of the graph of `tiny_draft`."""
    scales = {"noise": "noise_scale", "length": "length_scale", "duration_noise": "noise_scale_w"}
    return {
        "sample_rate": 16000,
        "inputs": {"symbols": "x", "lengths": "x_length", **scales, "speaker": "sid", "emotion": "emotion_id"},
        "outputs": {"wav": "y"},
        "text": {
            "kind": "pinyin", "tokens": pinyin_tokens(), "letters": "full", "english": "{phone}", "blank": "_", "begin": ["sil"],
            "end": ["sil"],
        },
        "speakers": SPEAKERS,
        "emotions": EMOTIONS,
    }  # fmt: skip


def tiny_draft(folder: Path) -> Draft:
    """Return the draft of a voice of two speakers and four emotions by its contract, its graph written into a folder."""
    folder.mkdir(parents=True)
    path = write_vits(folder / "voice.onnx", speakers=2, emotion=True)
    return graph_voice_draft(
        {"acoustic": onnx.load(path)}, contract(), name="graph_voice", licence="CC0-1.0", languages=(), source="a tiny voice",
        folder=folder,
    )  # fmt: skip


LAYOUTS = ("icefall", "melo", "matcha")


def write_layout(name: str, folder: Path) -> list[str]:
    """Write a voice as sherpa-onnx has it, and return its tokens."""
    if name == "matcha":
        tokens, lexicon = whole_syllables()
        write_matcha(
            folder / "model.onnx", model_type="matcha-tts", language="Chinese", jieba=1, n_speakers=1, sample_rate=22050,
            pad_id=0, use_eos_bos=0,
        )  # fmt: skip
        write_hifigan(folder / "hifigan.onnx", plain=True)
    elif name == "melo":
        tokens, lexicon = with_tones()
        write_vits(
            folder / "model.onnx", tones=True, model_type="melo-vits", comment="melo", version=2, language="Chinese + English",
            add_blank=1, n_speakers=1, jieba=1, sample_rate=44100, speaker_id=1, license="MIT license",
        )  # fmt: skip
    else:
        tokens, lexicon = initials_and_finals()
        write_vits(
            folder / "model.onnx", speakers=3, model_type="vits", comment="icefall", language="Chinese", n_speakers=3,
            sample_rate=16000, add_blank=1,
        )  # fmt: skip
    write_tables(folder, tokens, lexicon)
    return tokens


def read_tones(wav: NDArray[Any]) -> int:
    """Return the sum of the squares of the tones that a sound without noise tells."""
    first = np.asarray(wav, np.float64).reshape(-1, HOP)[:, 0]
    return round(float(np.mean(first - np.rint(first / STEP) * STEP)) / TONE)
