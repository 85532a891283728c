"""What an ONNX file is, by what exporters left in it for their runtimes and by the names of its inputs."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from tingshuo.errors import PortError
from tingshuo.port.recognise.finding import Finding
from tingshuo.port.recognise.onnx_head import OnnxHead

ASK = (
    "with a contract of what goes in and out it can be made a bundle: "
    "tingshuo import {name} --contract new prints one to fill in (new:TASK one of a task: asr, tts or vocoder)"
)
"""What is said of a model that nobody but its owner knows."""
FUNASR, FUNASR_SETTINGS = "funasr", "config.yaml"
"""What a recogniser is that says no ``model_type``, and what lies beside it."""
_USED = "a {role}, which is used as the graph that it is"
_ENTRIES, _LETTERS = 20, 60
"""Of metadata that is shown: some exporters leave whole tables there."""
_VOCODERS = ("vocos", "matcha-tts vocos", "hifigan")
"""Kinds of sherpa-onnx's vocoders."""


def describe_graph(path: Path, format: str, head: OnnxHead) -> Finding:
    """Say what a graph is."""
    metadata, (inputs, outputs) = head.metadata, head.outline()
    rate = metadata.get("sample_rate", "")
    found = Finding(
        path,
        format,
        role="a graph",
        sample_rate=int(rate) if rate.isascii() and rate.isdecimal() else None,
        licence=_cut(metadata.get("license", metadata.get("licence", ""))),
        details=(inputs, outputs, ("opset", str(head.opset)), *_said(metadata)),
        what_next=f"takes {inputs[1]} and gives {outputs[1]}; {ASK.format(name=path.name)}",
    )
    return next((told for ask in (_conversion, _voice, _vocoder, _recogniser) if (told := ask(found, head)) is not None), found)


def _said(metadata: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(key, _cut(value)) for key, value in sorted(metadata.items())[:_ENTRIES]]


def _cut(value: str) -> str:
    return value if len(value) <= _LETTERS else f"{value[:_LETTERS]}..."


def _conversion(found: Finding, head: OnnxHead) -> Finding | None:
    inputs = set(head.inputs)
    for names, system, role in (
        ({"phone", "phone_lengths", "pitch", "pitchf"}, "rvc", "voice as a graph (RVC, MoeVS)"),
        ({"feats", "p_len"}, "rvc", "voice as a graph (w-okada)"),
        ({"c", "f0", "mel2ph", "uv"}, "so-vits-svc", "voice as a graph"),
    ):
        if names <= inputs:
            return replace(found, system=system, role=role, what_next="a graph of a voice; import the .pth that it was made from")
    return None


def _voice(found: Finding, head: OnnxHead) -> Finding | None:
    """A voice of sherpa-onnx."""
    from tingshuo.port.importers import sherpa_tts

    if not sherpa_tts.is_voice(head):
        return None
    kind = head.metadata.get("model_type", "vits")
    return _asked(found, "sherpa-tts", kind, "voice", sherpa_tts.find)


def _vocoder(found: Finding, head: OnnxHead) -> Finding | None:
    kind = head.metadata.get("model_type", "")
    if kind not in _VOCODERS:
        return None
    what_next = f"goes with a Matcha voice: put it into that one's folder; by itself, {ASK.format(name=found.path.name)}"
    return replace(found, system="sherpa-tts", version=kind, role="vocoder", what_next=what_next)


def _recogniser(found: Finding, head: OnnxHead) -> Finding | None:
    """A recogniser of sherpa-onnx, or of FunASR's runtime for ONNX."""
    from tingshuo.port.importers.sherpa_asr_kinds import refusal

    why = refusal(head)
    if why == "" and (found.path.parent / FUNASR_SETTINGS).is_file():
        try:
            from tingshuo.port.importers.sherpa_asr_funasr import funasr_refusal
        except ModuleNotFoundError as error:  # of the base install: what reads YAML
            return replace(
                found, what_next=f"may be one of FunASR, which is told with {error.name}: pip install 'tingshuo[train]'"
            )
        why = funasr_refusal(head)
    if why == "":
        return None  # it says nothing of itself
    told = replace(found, system="sherpa-asr", version=head.metadata.get("model_type") or FUNASR, role="speech recogniser")
    if why is not None:
        return replace(told, what_next=f"is {why}, which is not supported")
    return replace(told, usable=True, what_next=_USED.format(role=told.role))


def _asked(found: Finding, system: str, version: str, role: str, find: Callable[[Path], object]) -> Finding:
    """Say of a graph what its importer says of it."""
    told = replace(found, system=system, version=version, role=role)
    try:
        find(found.path)
    except PortError as error:
        return replace(told, what_next=str(error).removeprefix(f"{found.path}: "))
    return replace(told, usable=True, what_next=_USED.format(role=role))
