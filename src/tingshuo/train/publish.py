"""From a run to a voice: the averaged weights of a checkpoint and a vocoder become a bundle that the runtime speaks with."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import VoiceConfig
from tingshuo.errors import ConfigError, TrainError
from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.port.calibration import pick_texts
from tingshuo.port.nets import VoiceNets, architecture, load_nets, voice_family
from tingshuo.port.variants import Variants, build_variants
from tingshuo.port.vocoders import Vocoder
from tingshuo.port.voice import ACOUSTIC_WEIGHTS, VOCODER_WEIGHTS, contexts, graph_entries, voice_files
from tingshuo.store.atomic import Content
from tingshuo.store.bundle import Bundle, write_bundle
from tingshuo.store.manifest import Manifest
from tingshuo.train.checkpoint import AVERAGE, BEST, LAST, State, load_checkpoint
from tingshuo.train.config import BundleConfig
from tingshuo.train.start import NEUTRAL
from tingshuo.types import EMOTIONS

CALIBRATION_TEXTS, TEST_TEXTS = 16, 8
GOLDEN_TEXT = "你好。"
SENTENCES = (
    "今天天气真好，我们一起去公园散步吧。", "请问火车站怎么走？", "这本书我已经读了三遍。", "他昨天晚上十点才回家。",
    "春天来了，院子里的花都开了。", "快把窗户关上，外面下雨了！", "老师说，明天要考试。", "这件衣服多少钱？",
    "我觉得四川菜比广东菜辣。", "孩子们在操场上跑来跑去。", "谢谢你的帮助，再见。", "你能不能说得慢一点儿？",
)  # fmt: skip
"""Spoken beside the corpus' own texts, of which there may be none, to choose and to judge the scales of int8."""


@dataclass(frozen=True, slots=True)
class Source:
    """The finished voice whose vocoder is taken, and all of which was the beginning when ``parent``."""

    manifest: Manifest
    vocoder: Vocoder
    parent: bool = False

    @property
    def label(self) -> str:
        """``name@version``."""
        return f"{self.manifest.name}@{self.manifest.version}"


def read_nets(bundle: Bundle) -> VoiceNets:
    """Rebuild the nets of a bundle.

    Raises
    ------
    PortError
        It is of a family that cannot be rebuilt.
    """
    return load_nets(bundle.config, bundle.tensors(ACOUSTIC_WEIGHTS), bundle.tensors(VOCODER_WEIGHTS))


def check_statements(bundle: BundleConfig) -> None:
    """Refuse to begin what could not be published at the end.

    Raises
    ------
    ConfigError
        A statement that only the owner of the recordings can make is missing.
    """
    for key, meaning in (
        ("licence", "the licence that the voice gets, such as CC-BY-4.0"),
        ("consent", "on what ground the voices of these people may be used"),
        ("data_statement", "what the recordings are"),
    ):
        if not getattr(bundle, key).strip():
            raise ConfigError(f"bundle.{key} is missing: say in the config, or with --set bundle.{key}=..., {meaning}")


def publish(
    run: Path, destination: Path, voice: VoiceConfig, bundle: BundleConfig, source: Source, texts: Sequence[str] = ()
) -> Path:
    """Write the bundle of a run: its best checkpoint, or the last where none was held out to judge by.

    Parameters
    ----------
    run : Path
        Of an acoustic training.
    destination : Path
        The bundle's folder; one that is there is replaced.
    voice : VoiceConfig
        Of the net in the checkpoints; the fields that depend on the vocoder are filled in here.
    bundle : BundleConfig
        What the manifest says.
    source : Source
        Whose vocoder.
    texts : sequence of str
        Of the corpus, for the scales of int8.

    Raises
    ------
    TrainError
        The run has no checkpoint.
    VerifyError
        A graph differs from its net.
    OutputError
        The destination cannot be written.
    """
    tensors, state = load_checkpoint(run, BEST if (run / "checkpoints" / BEST).is_dir() else LAST)
    acoustic = _published(tensors, voice)
    sizes = FastSpeechConfig.check(_acoustic_sizes(voice), "the run's voice")
    voice = voice.replace(
        family=voice_family(source.vocoder),
        architecture=architecture(sizes, source.vocoder.config),
        **contexts(sizes, source.vocoder.config),
    )
    vocoder = {name: value.detach().cpu().numpy() for name, value in source.vocoder.state_dict().items()}
    nets = load_nets(voice, acoustic, vocoder)
    lines = [*SENTENCES, *texts]
    built = build_variants(voice, nets, pick_texts(lines, CALIBRATION_TEXTS), pick_texts(lines, TEST_TEXTS, 3), GOLDEN_TEXT)
    manifest = _manifest(voice, bundle, source, built)
    files: dict[str, Content] = dict(voice_files(voice, nets, built.models) | built.golden)
    files["MODELCARD.md"] = _card(manifest, state, built).encode()
    return write_bundle(destination, manifest, files, replace=True)


def _acoustic_sizes(voice: VoiceConfig) -> dict[str, Any]:
    return {k.removeprefix("fastspeech."): v for k, v in voice.architecture.items() if k.startswith("fastspeech.")}


def _published(tensors: Mapping[str, Any], voice: VoiceConfig) -> dict[str, NDArray[Any]]:
    """Return the averaged tensors; emotions become what they add to neutral, which becomes part of each style."""
    found = {name.removeprefix(AVERAGE): value.numpy() for name, value in tensors.items() if name.startswith(AVERAGE)}
    if not found:
        raise TrainError("the checkpoint holds no averaged acoustic model")
    if voice.emotions:
        neutral = found["emotion.weight"][voice.emotions.index(NEUTRAL)][None]
        found["style.weight"] = found["style.weight"] + neutral
        found["emotion.weight"] = found["emotion.weight"] - neutral
    return {name: np.asarray(value, np.float32) for name, value in found.items()}


def _manifest(voice: VoiceConfig, bundle: BundleConfig, source: Source, built: Variants) -> dict[str, Any]:
    """Return the fields of the manifest."""
    what = "This voice began as" if source.parent else "The vocoder is that of"
    credit = f"{what} {source.label} ({source.manifest.licence}): {source.manifest.data_statement}"
    return {
        "name": bundle.name,
        "version": bundle.version,
        "family": voice.family,
        "task": "tts",
        "languages": list(bundle.languages),
        "speakers": [speaker.name for speaker in voice.speakers],
        "styles": [style.name for style in voice.styles],
        "emotions": list(EMOTIONS),
        "sample_rate": voice.mel.sample_rate,
        "licence": bundle.licence,
        "attributions": [one.fields() for one in source.manifest.attributions],
        "data_statement": f"{bundle.data_statement} {credit}",
        "consent": bundle.consent,
        "parent": source.label if source.parent else None,
        "graphs": graph_entries(built.models),
        "measured": [
            {
                "engine": "onnx",
                "precision": "int8",
                "machine": platform.machine(),
                "threads": 1,
                "figures": {name: round(value, 5) for name, value in built.figures.items()},
            }
        ],
    }


def _card(manifest: Mapping[str, Any], state: State, built: Variants) -> str:
    """Return the model card: what this is, on what ground, how it was made."""
    best = f", held-out loss {state.best:.4f}" if state.best is not None else ""
    refused = "".join(f"- {name} has no int8 variant: {why}\n" for name, why in built.refused.items())
    return (
        f"# {manifest['name']} {manifest['version']}\n\n"
        f"{manifest['data_statement']}\n\n"
        f"Licence: {manifest['licence']}. Consent: {manifest['consent']}\n\n"
        f"Speakers: {', '.join(manifest['speakers'])}. Styles: {', '.join(manifest['styles'])}.\n\n"
        f"Trained for {state.step} steps{best}.\n{refused and chr(10) + refused}"
    )
