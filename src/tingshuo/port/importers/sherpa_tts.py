"""Which files of a folder are a voice of sherpa-onnx, and what their metadata say.

::

    model.onnx  tokens.txt  lexicon.txt  date.fst number.fst ...      VITS; lexicon or espeak-ng-data
    model-steps-3.onnx  vocos-22khz-univ.onnx  tokens.txt ...         Matcha, whose vocoder is a download of its own

A graph says in its metadata what it is (``model_type``), of whom (``comment``), at which sample rate it speaks, and how it reads.

Source: ``offline-tts-vits-model.cc``, ``offline-tts-matcha-model.cc``, ``vocoder.cc`` and the scripts that export voices of
https://github.com/k2-fsa/sherpa-onnx (Apache-2.0); https://github.com/k2-fsa/icefall (Apache-2.0), ``egs/*/TTS``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tingshuo.errors import PortError
from tingshuo.port.importers.licences import licence_beside
from tingshuo.port.recognise.onnx_head import OnnxHead, read_onnx_head

TOKENS, LEXICON, ESPEAK = "tokens.txt", "lexicon.txt", "espeak-ng-data"
VITS, MATCHA = "vits", "matcha"
VOCODERS = ("vocos", "matcha-tts vocos", "hifigan")
VOCODERS_FROM = "https://github.com/k2-fsa/sherpa-onnx/releases/tag/vocoder-models"
MAX_GRAPHS = 50
_KINDS = {"vits": VITS, "melo-vits": VITS, "matcha-tts": MATCHA}
_OTHERS = {
    "kokoro": "a Kokoro voice", "kitten-tts": "a Kitten voice", "zipvoice": "a ZipVoice model",
    "pocket-tts": "a Pocket TTS model", "supertonic": "a Supertonic voice",
}  # fmt: skip
_INTEGER = {"ConvInteger", "DynamicQuantizeLinear", "MatMulInteger", "QLinearConv", "QLinearMatMul", "DequantizeLinear"}
_STEPS = re.compile(r"steps-3\b")
_TOLD = {"model_author": "author", "url": "origin", "dataset": "data", "dataset_url": "origin of the data",
         "dataset_comment": "terms of the data"}  # fmt: skip
"""Metadata that people should read, and what they are."""


@dataclass(frozen=True, slots=True)
class Graph:
    """An ONNX file by its outline."""

    path: Path
    head: OnnxHead

    @property
    def said(self) -> Mapping[str, str]:
        """Its metadata."""
        return self.head.metadata

    @property
    def integer(self) -> bool:
        """Whether it counts in integers of 8 bits."""
        return bool(_INTEGER & set(self.head.operators))


@dataclass(frozen=True, slots=True)
class Found:
    """A voice."""

    kind: str
    """``vits`` or ``matcha``."""
    acoustic: Graph
    vocoder: Graph | None
    """None where the voice needs none, or has none beside it."""
    others: tuple[str, ...]
    """Graphs beside it that were not taken."""

    @property
    def folder(self) -> Path:
        """Where its tables lie."""
        return self.acoustic.path.parent

    @property
    def needs_vocoder(self) -> bool:
        """Whether its graph gives a mel."""
        return self.kind == MATCHA and next(iter(self.acoustic.head.outputs), "") != "audio_output"

    def has(self, name: str) -> bool:
        """Whether a file or folder lies beside the voice."""
        return (self.folder / name).exists()

    def text(self, key: str, default: str = "") -> str:
        """Return what its metadata say."""
        return self.acoustic.said.get(key, default).strip()

    def number(self, key: str, default: int | None = None) -> int:
        """Return a number that its metadata say.

        Raises
        ------
        PortError
            It is not there and there is no default, or it is no number.
        """
        said = self.text(key)
        if not said and default is not None:
            return default
        if not re.fullmatch(r"-?\d{1,9}", said):
            what = f"says {key} {said!r}, which is no number" if said else f"has no {key!r} in its metadata"
            raise PortError(
                f"{self.acoustic.path}: {what}; sherpa-onnx needs it too: export the voice again with its scripts, or import it "
                "with a contract"
            )
        return int(said)

    def notes(self) -> tuple[str, ...]:
        """Return sentences about where it comes from."""
        told = [f"its metadata name the {what}: {self.text(key)}" for key, what in _TOLD.items() if self.text(key)]
        if self.others:
            told.append(f"{self.acoustic.path.name} was taken; {', '.join(self.others)} can be imported by their own paths")
        rules = sorted(one.name for pattern in ("*.fst", "*.far") for one in self.folder.glob(pattern))
        if rules:
            told.append(f"{', '.join(rules)} are not used: numbers, dates and polyphones are read by our own front end")
        return tuple(told)

    def licence(self) -> str | None:
        """Return the licence that its metadata or the folder name."""
        said = re.sub(r"\s+licen[cs]e$", "", self.text("license"), flags=re.IGNORECASE)
        return said or licence_beside([self.folder])


def is_voice(head: OnnxHead) -> bool:
    """Tell whether a graph is that of a voice of sherpa-onnx, one that can be imported or not."""
    kind = head.metadata.get("model_type", "")
    return kind in _KINDS or kind in _OTHERS or (not kind and {"n_speakers", "sample_rate", "comment"} <= head.metadata.keys())


def find(path: Path) -> Found:
    """Find a voice.

    Parameters
    ----------
    path : Path
        The ``.onnx`` file of a voice, or its folder. Of several precisions float32 is taken, of several numbers of steps three,
        unless the file is given.

    Raises
    ------
    PortError
        There is none, or of a kind that cannot be imported, or several; the message says what there is.
    """
    if not path.exists():
        raise PortError(f"{path}: is not there; give the .onnx of a voice or its folder")
    here = [_graph(path)] if path.is_file() else [_graph(one) for one in sorted(path.glob("*.onnx"))[:MAX_GRAPHS]]
    if not here:
        raise PortError(f"{path}: has no .onnx in it, so there is no voice of sherpa-onnx; give the folder that has one")
    voices = [one for one in here if _kind(one)]
    if not voices:
        raise PortError(_refusal(path, here))
    chosen = _choose(path, voices)
    kind = _kind(chosen)
    others = tuple(one.path.name for one in voices if one is not chosen)
    vocoder = _vocoder(chosen) if kind == MATCHA else None
    return Found(kind, chosen, vocoder, others)


def vocoder_of(found: Found) -> Graph | None:
    """Return the vocoder that a voice needs, None where it needs none.

    Raises
    ------
    PortError
        It is missing, or makes sound at another rate.
    """
    if not found.needs_vocoder:
        return None
    rate = found.number("sample_rate")
    if found.vocoder is None:
        which = "vocos-16khz-univ.onnx" if rate == 16000 else "vocos-22khz-univ.onnx or hifigan_v2.onnx"
        raise PortError(
            f"{found.acoustic.path}: gives a mel and no samples, and there is no vocoder beside it; put {which} into the folder, "
            f"which sherpa-onnx has at {VOCODERS_FROM}"
        )
    said = found.vocoder.said.get("sample_rate", "")
    if said.isdecimal() and int(said) != rate:
        raise PortError(
            f"{found.vocoder.path}: makes sound at {said} Hz, and the voice {found.acoustic.path.name} speaks at {rate} Hz; put "
            f"a vocoder for {rate} Hz there, such as those at {VOCODERS_FROM}"
        )
    return found.vocoder


def _graph(path: Path) -> Graph:
    try:
        return Graph(path, read_onnx_head(path))
    except (ValueError, OSError) as error:
        raise PortError(f"{path}: cannot be read as an ONNX graph: {error}") from error


def _kind(graph: Graph) -> str:
    said = graph.said.get("model_type", "")
    return _KINDS.get(said, VITS if not said and is_voice(graph.head) else "")


def _choose(path: Path, voices: list[Graph]) -> Graph:
    """Return one of the graphs of a folder: float32, of three steps, else the only one."""
    wide = [one for one in voices if not one.integer] or voices
    if len(wide) > 1:
        wide = [one for one in wide if _STEPS.search(one.path.stem)] or wide
    if len(wide) > 1:
        names = ", ".join(one.path.name for one in wide[:5])
        raise PortError(f"{path}: holds {len(wide)} voices ({names}); give the path of one of them")
    return wide[0]


def _vocoder(voice: Graph) -> Graph | None:
    """Return a vocoder beside a voice, or in the folder above, where people unpack the voice beside it."""
    rate = voice.said.get("sample_rate", "")
    for folder in (voice.path.parent, voice.path.parent.parent):
        found = []
        for path in sorted(folder.glob("*.onnx"))[:MAX_GRAPHS]:
            try:
                graph = Graph(path, read_onnx_head(path))
            except (ValueError, OSError):
                continue
            if graph.said.get("model_type") in VOCODERS:
                found.append(graph)
        if found:
            return min(
                found, key=lambda one: (one.said.get("sample_rate") != rate, one.integer, one.said["model_type"] == "hifigan")
            )
    return None


def _refusal(path: Path, graphs: list[Graph]) -> str:
    kinds = {one.said.get("model_type", ""): one for one in graphs}
    other = next((kind for kind in kinds if kind in _OTHERS), None)
    if other is not None:
        return f"{kinds[other].path}: is {_OTHERS[other]} of sherpa-onnx, which is not supported; VITS and Matcha are"
    vocoder = next((kind for kind in kinds if kind in VOCODERS), None)
    if vocoder is not None:
        return f"{kinds[vocoder].path}: is a vocoder, not a voice; put it beside a Matcha voice and import that"
    names = ", ".join(sorted(filter(None, kinds))) or "none"
    return (
        f"{path}: has no voice of sherpa-onnx: a voice says model_type vits or matcha-tts in its metadata, found is {names}; a "
        "contract says what any graph takes"
    )
