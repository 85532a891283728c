"""Another vocoder under a voice: a new bundle with the acoustic model of one and the vocoder of the other.

They fit when the mel that one makes is the mel that the other was trained with; that is compared field by field. The new graphs
are used as they will be, on speech of the voice, compared with the net that the vocoder's weights are put into, and what they
were given becomes their golden vectors. A stranger's graph, ``vocoder+graph``, is compared with itself, run operator by operator.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import FamilyConfig, MelConfig, VoiceConfig
from tingshuo.config.codec import CodecBundleConfig
from tingshuo.config.sambert import SambertBundleConfig
from tingshuo.config.vocoder import VocoderBundleConfig
from tingshuo.engine.onnx import open_graph
from tingshuo.errors import PortError
from tingshuo.port.bundling import Listener
from tingshuo.port.convert.rehearsal import SENTENCE, speak_once
from tingshuo.port.families import build_nets, fill
from tingshuo.port.given import LIMITS_DB
from tingshuo.port.verify import check, compare, golden_files, reference_outputs
from tingshuo.store.atomic import Content
from tingshuo.store.bundle import Bundle, open_bundle, write_bundle
from tingshuo.store.manifest import GraphVariant, Manifest
from tingshuo.tasks.golden import LIMITS
from tingshuo.tasks.vocoder import KINDS, Samples
from tingshuo.types import Runs

Array = NDArray[Any]
Answer = Callable[[Mapping[str, Array]], Mapping[str, Array]]
"""What a vocoder graph should compute: inputs to outputs."""

GRAPH = "vocoder"
TABLES = "weights/acoustic.safetensors"
CARD = "MODELCARD.md"
_NOT_A_MEL = (
    "makes no mel but a picture that it and its vocoder have agreed on in training, so no other vocoder can read it; one would "
    "have to be trained on it"
)


@dataclass(frozen=True, slots=True)
class Swapped:
    """What was made: ``errors`` are how near the vocoder's graph comes to its net on the voice's speech, by output, dB."""

    path: Path
    name: str
    version: str
    family: str
    licence: str
    errors: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {name: getattr(self, name) for name in self.__slots__} | {"path": str(self.path)}


def swap_vocoder(
    voice: str | os.PathLike[str],
    vocoder: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    licence: str | None = None,
    replace: bool = False,
) -> Swapped:
    """Write a voice with another vocoder.

    Parameters
    ----------
    voice : path-like
        A bundle that speaks; it is not changed.
    vocoder : path-like
        A bundle of a vocoder alone.
    destination : path-like
        The new bundle's folder.
    licence : str or None
        Of the whole, where the two have not the same one.
    replace : bool
        Take the place of a bundle that is there.

    Raises
    ------
    PortError
        They do not fit each other; the message names everything in which they differ.
    VerifyError
        The vocoder's graph does not compute what its net computes.
    EngineError
        The vocoder's graph cannot be run on what the voice makes.
    BundleError
        One is no sound bundle.
    OutputError
        The destination exists or cannot be written.
    """
    speaking, sounding = open_bundle(voice, verify=True), open_bundle(vocoder, verify=True)
    settings = _vocoder_settings(sounding)
    if speaking.manifest.task != "tts":
        raise PortError(f"{speaking.path}: is not a voice that speaks, its task is {speaking.manifest.task}")
    check_fit(speaking, sounding)
    chosen = _licence(speaking.manifest, sounding.manifest, licence)
    config = _config(speaking.settings, settings)
    proof = _prove(speaking, sounding, config)
    files = _files(speaking, sounding, config) | _golden(speaking, proof)
    manifest = _manifest(speaking.manifest, sounding.manifest, config.family, chosen)
    files[CARD] = _card(speaking, sounding, manifest["version"], proof.errors)
    path = write_bundle(destination, manifest, files, replace=replace)
    return Swapped(path, manifest["name"], manifest["version"], config.family, chosen, proof.errors)


def check_fit(voice: Bundle, vocoder: Bundle) -> None:
    """Refuse a vocoder that cannot read what a voice makes.

    Raises
    ------
    PortError
        One sentence with everything in which they differ.
    """
    settings = _vocoder_settings(vocoder)
    name, other = voice.manifest.name, vocoder.manifest.name
    problems = list(voice_mel(voice).differences(settings.mel))
    inputs = vocoder.manifest.graphs[GRAPH].inputs.keys()
    given = {"mel", "f0"} if isinstance(voice.settings, VoiceConfig) else {"mel"}
    problems += [f"{other} reads {what}, which {name} does not make" for what in sorted(inputs - given)]
    if isinstance(voice.settings, SambertBundleConfig) and voice.settings.harmonics:
        problems.append(f"the frames of {name} carry F0 for the harmonic source of its own vocoder")
    outputs = vocoder.manifest.graphs[GRAPH].outputs.keys()
    if not any(outputs == kind.OUTPUTS for kind in KINDS):
        problems.append(f"{other} makes {', '.join(sorted(outputs))}, which is neither samples nor a transform")
    if problems:
        raise PortError(f"{vocoder.path}: the vocoder {other} does not fit the voice {name}: {', '.join(problems)}")


def voice_mel(voice: Bundle) -> MelConfig:
    """Return how the mel that a voice makes is computed.

    Raises
    ------
    PortError
        It makes none, or does not tell.
    """
    settings = voice.settings
    if isinstance(settings, VoiceConfig):
        return settings.mel
    if isinstance(settings, SambertBundleConfig):
        mel = getattr(settings, "mel", None)
        if isinstance(mel, MelConfig):
            return mel
        raise PortError(f"{voice.path}: does not tell how its mel is computed; import it again, then its vocoder can be changed")
    raise PortError(f"{voice.path}: a voice of the family {settings.family.partition('+')[0]} {_NOT_A_MEL}")


def _vocoder_settings(vocoder: Bundle) -> VocoderBundleConfig:
    if isinstance(vocoder.settings, CodecBundleConfig):
        codec = vocoder.settings.codec
        raise PortError(
            f"{vocoder.path}: reads codes of {codec} and no mel, and acoustic models make mels: it cannot be put under a voice"
        )
    if not isinstance(vocoder.settings, VocoderBundleConfig) or GRAPH not in vocoder.manifest.graphs:
        raise PortError(
            f"{vocoder.path}: is no vocoder alone, its task is {vocoder.manifest.task}; tingshuo import makes one of a HiFi-GAN, "
            "of a Vocos, and of an ONNX graph with a contract"
        )
    return vocoder.settings


def _licence(voice: Manifest, vocoder: Manifest, told: str | None) -> str:
    if told is None and voice.licence != vocoder.licence:
        raise PortError(
            f"{voice.name} is under {voice.licence} and {vocoder.name} under {vocoder.licence}: a bundle has one licence, and "
            "which one serves both is not for a program to say; give it with --licence"
        )
    return told or voice.licence


def _config(voice: FamilyConfig, vocoder: VocoderBundleConfig) -> VoiceConfig | SambertBundleConfig:
    assert isinstance(voice, VoiceConfig | SambertBundleConfig)
    acoustic = voice.family.partition("+")[0]
    sizes = {key: value for key, value in voice.architecture.items() if key.startswith(f"{acoustic}.")}
    changes = {"family": f"{acoustic}+{vocoder.kind}", "architecture": sizes | vocoder.architecture}
    context = vocoder.vocoder_context_frames
    if isinstance(voice, SambertBundleConfig):
        return voice.replace(**changes, vocoder_context_frames=(context, context), harmonics=0)
    return voice.replace(**changes, vocoder_context_frames=context, steady_noise=vocoder.steady_noise)


@dataclass(frozen=True, slots=True)
class _Proof:
    """What the vocoder's graph was given and should answer, the errors of its outputs, and at which precision."""

    golden: tuple[Mapping[str, Array], Mapping[str, Array]]
    errors: dict[str, float]
    precision: str
    limit_db: float | None


def _prove(voice: Bundle, vocoder: Bundle, config: VoiceConfig | SambertBundleConfig) -> _Proof:
    """Let the voice speak with the vocoder, and compare what that computes with what it should."""
    variant = _variant(vocoder.manifest)
    tensors = {name: tensor for file in variant.weights for name, tensor in vocoder.tensors(file).items()}
    listener = Listener(open_graph(vocoder.path / variant.path, tensors))
    graphs: dict[str, Runs] = {
        name: open_graph(voice.graph(name), _tensors(voice, name)) for name in voice.manifest.graphs if name != GRAPH
    }
    speak_once(config, voice.tensors(TABLES))(graphs | {GRAPH: listener})
    own = not _vocoder_settings(vocoder).architecture
    answer = open_graph(vocoder.path / variant.path, tensors, lean=True).run if own else _net(vocoder, tensors)
    limit = LIMITS_DB[variant.precision] if own else None
    worst: dict[str, float] = {}
    proved: list[tuple[Mapping[str, Array], Mapping[str, Array]]] = []
    for inputs in listener.chosen():
        expected = answer(inputs)
        _check_length(vocoder, inputs, expected)
        errors = compare(listener.session, inputs, expected)
        check(errors, variant.precision, limit, "its own without optimisation" if own else "the net's")
        worst = {name: max(error, worst.get(name, -np.inf)) for name, error in errors.items()}
        proved.append((inputs, expected))
    return _Proof(proved[0], worst, variant.precision, limit)


def _variant(manifest: Manifest) -> GraphVariant:
    """Return the float32 variant of a vocoder's graph, or that in which a stranger's came."""
    rows = [one for one in manifest.graphs[GRAPH].variants if one.engine == "onnx" and one.precision in LIMITS_DB]
    exact = [one for one in rows if one.precision == "fp32"]
    if not rows:
        return manifest.variant(GRAPH, "fp32", "onnx")  # which says what there is
    return (exact or rows)[0]


def _net(vocoder: Bundle, tensors: Mapping[str, Array]) -> Answer:
    writable = {name: np.array(tensor, np.float32) for name, tensor in tensors.items()}
    nets = build_nets(_vocoder_settings(vocoder).architecture)
    graph = next(graph for built in nets for graph in fill(built, writable).graphs if graph.name == GRAPH)
    return lambda inputs: reference_outputs(graph, inputs)


def _check_length(vocoder: Bundle, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> None:
    """Refuse samples that are not a hop a frame: they would be cut in the wrong places."""
    frames, hop = inputs["mel"].shape[2], _vocoder_settings(vocoder).mel.hop_length
    if outputs.keys() == Samples.OUTPUTS and outputs["wav"].shape[-1] != frames * hop:
        raise PortError(
            f"{vocoder.path}: its graph makes {outputs['wav'].shape[-1]} samples of {frames} frames, and {hop} each are wanted"
        )


def _tensors(bundle: Bundle, graph: str) -> dict[str, Array]:
    """Return the tensors of a graph, as its float32 variant names their files."""
    files = bundle.manifest.variant(graph, "fp32", "onnx").weights
    return {name: tensor for file in files for name, tensor in bundle.tensors(file).items()}


def _own(manifest: Manifest) -> set[str]:
    """Return the files that only the vocoder of a bundle has."""
    used = {
        name: {path for variant in entry.variants for path in (variant.path, *variant.weights)}
        for name, entry in manifest.graphs.items()
    }
    shared = {path for name, paths in used.items() if name != GRAPH for path in paths}
    return (used.get(GRAPH, set()) - shared) | {f"golden/{GRAPH}.npz"}


def _files(voice: Bundle, vocoder: Bundle, config: VoiceConfig | SambertBundleConfig) -> dict[str, Content]:
    files: dict[str, Content] = {name: voice.path / name for name in voice.manifest.files if name not in _own(voice.manifest)}
    theirs = {name for name in _own(vocoder.manifest) if name in vocoder.manifest.files}
    clash = theirs & files.keys()
    assert not clash, f"{sorted(clash)} are of the voice and of the vocoder"
    files |= {name: vocoder.path / name for name in theirs}
    files["config.json"] = json.dumps(config.fields(), ensure_ascii=False, indent=1).encode() + b"\n"
    return files


def _golden(voice: Bundle, proof: _Proof) -> dict[str, Content]:
    """Return the golden vectors of the vocoder, and the limits of all graphs."""
    told = {} if proof.limit_db is None else {proof.precision: dict.fromkeys(proof.errors, proof.limit_db)}
    made = golden_files({GRAPH: proof.golden}, told)
    limits: dict[str, dict[str, float]] = json.loads(made[LIMITS])
    if LIMITS in voice.manifest.files:
        held = json.loads(voice.file(LIMITS).read_text("utf-8"))
        limits = {precision: held.get(precision, {}) | limits.get(precision, {}) for precision in {**held, **limits}}
    return {**made, LIMITS: json.dumps(limits, indent=1).encode() + b"\n"}


def _manifest(voice: Manifest, vocoder: Manifest, family: str, licence: str) -> dict[str, Any]:
    """Return the fields of the new manifest: figures that were measured with the old vocoder are left out."""
    credits = list(voice.attributions) + [one for one in vocoder.attributions if one not in voice.attributions]
    graphs = {**voice.graphs, GRAPH: vocoder.graphs[GRAPH]}
    major, minor = voice.version.split(".")[:2]
    return voice.fields() | {
        "version": f"{major}.{int(minor) + 1}.0",
        "family": family,
        "licence": licence,
        "attributions": [one.fields() for one in credits],
        "data_statement": f"{voice.data_statement} Its vocoder is {vocoder.name} {vocoder.version}: {vocoder.data_statement}",
        "parent": f"{voice.name}@{voice.version}",
        "graphs": {name: entry.fields() for name, entry in graphs.items()},
        "measured": [],
    }


def _card(voice: Bundle, vocoder: Bundle, version: str, errors: Mapping[str, float]) -> bytes:
    """Return the model card of the voice with a section on its new vocoder; what was measured before it is said to be so."""
    old = (voice.path / CARD).read_text("utf-8") if CARD in voice.manifest.files else f"# {voice.manifest.name}\n"
    mine, theirs = voice.manifest, vocoder.manifest
    whose = "its net in PyTorch" if _vocoder_settings(vocoder).architecture else "itself, run operator by operator,"
    rows = "".join(f"| {name} | {error:.1f} |\n" for name, error in errors.items())
    return (
        f"{old.rstrip()}\n\n## Vocoder of {version}\n\n"
        f"The vocoder is {theirs.name} {theirs.version} ({theirs.family}, {theirs.licence}) in place of that of {mine.version}; "
        f"what this card says above of sound and speed was measured before. The mel of both is the same in every field.\n\n"
        f"Its graph against {whose} while the voice says {SENTENCE}, energy of the difference over energy:\n\n"
        f"| output | error, dB |\n|---|---|\n{rows}"
    ).encode()
