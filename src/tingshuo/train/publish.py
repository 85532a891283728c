"""From trained nets to a voice: a bundle that the runtime speaks with, and that says honestly what it was made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from tingshuo.config import VoiceConfig
from tingshuo.errors import ConfigError
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.port.calibration import pick_texts
from tingshuo.port.nets import VoiceNets, load_nets
from tingshuo.port.reuse import KnownGraphs
from tingshuo.port.variants import Variants, build_variants
from tingshuo.port.vocoders import vocoder_family
from tingshuo.port.voice import ACOUSTIC_WEIGHTS, VOCODER_WEIGHTS, graph_entries, voice_files
from tingshuo.store.atomic import Content
from tingshuo.store.bundle import Bundle, write_bundle
from tingshuo.store.environment import LIBRARIES, TRAINING, environment
from tingshuo.store.manifest import Attribution, Manifest
from tingshuo.tasks.monitor.statistics import STATISTICS, Statistics
from tingshuo.train.aligner import Aligner, bundle_files
from tingshuo.train.config import BundleConfig, TrainConfig
from tingshuo.train.consents import People, card_line, check_people, settle_people
from tingshuo.train.offered import offer
from tingshuo.train.run_folder import Learnt
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
class Base:
    """The finished voice that a training leaned on.

    ``acoustic`` and ``vocoder`` say whether that net of the new voice was its own, trained further or not.
    """

    manifest: Manifest
    acoustic: bool
    vocoder: bool

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


def check_statements(bundle: BundleConfig, *, clones: bool = False, day: date | None = None) -> None:
    """Refuse to begin what could not be published at the end.

    Parameters
    ----------
    bundle : BundleConfig
        What the recipe says.
    clones : bool
        Whether the training copies timbres, see `tingshuo.train.consents`.
    day : date or None
        On which consents have to be valid; None is today.

    Raises
    ------
    ConfigError
        A statement that only the owner of the recordings can make is missing.
    ConsentError
        A person would be cloned whose consent is not there.
    """
    for key, meaning in (
        ("licence", "the licence that the voice gets, such as CC-BY-4.0"),
        ("consent", "on what ground the voices of these people may be used"),
        ("data_statement", "what the recordings are"),
    ):
        if not getattr(bundle, key).strip():
            raise ConfigError(f"bundle.{key} is missing: say in the config, or with --set bundle.{key}=..., {meaning}")
    check_people(bundle, clones, day or date.today())


def check_offer(voice: VoiceConfig, config: TrainConfig, base: Base) -> People:
    """Refuse to train what could not be published at the end, once it is known who speaks.

    Parameters
    ----------
    voice : VoiceConfig
        With everybody who teaches.
    config : TrainConfig
        Of the training.
    base : Base
        The voice that it leans on.

    Returns
    -------
    People
        Who of the bundle's speakers is cloned, and that they agreed.

    Raises
    ------
    ConfigError
        The bundle shall have a speaker or style that the voice has not.
    ConsentError
        A person would be cloned whose consent is not there.
    """
    speakers = [one.name for one in offer(voice, config.bundle.speakers, config.bundle.styles).voice.speakers]
    kept = None if config.needs_texts else base.manifest  # the speakers are those of the base voice then
    return settle_people(config.bundle, speakers, clones=base.acoustic and config.copies_timbres, kept=kept)


def publish(
    destination: Path,
    voice: VoiceConfig,
    nets: VoiceNets,
    bundle: BundleConfig,
    base: Base,
    learnt: Sequence[Learnt],
    texts: Sequence[str] = (),
    aligner: Aligner | None = None,
    known: KnownGraphs | None = None,
    statistics: Statistics | None = None,
    people: People | None = None,
    parent: str | None = None,
) -> Path:
    """Write the bundle of a voice.

    Parameters
    ----------
    destination : Path
        The bundle's folder; one that is there is replaced.
    voice : VoiceConfig
        Of these nets; which of its speakers and styles are in the bundle, ``bundle`` says.
    nets : VoiceNets
        On the processor, with plain weights.
    bundle : BundleConfig
        What the manifest says.
    base : Base
        Whose nets these were, where they are not new.
    learnt : sequence of Learnt
        What each stage came to.
    texts : sequence of str
        Of the corpus, for the scales of int8.
    aligner : Aligner or None
        Goes along for voices that will be trained from this one, unless nothing else in here is of the base voice: what is
        owed to that is said when a net of it is in here.
    known : KnownGraphs or None
        Graphs that may fit, see `tingshuo.port.reuse`.
    statistics : Statistics or None
        How the recordings and texts that taught are spread; goes along for those who watch the voice later.
    people : People or None
        Who is cloned, and that they agreed; None is what ``bundle`` alone says of it.
    parent : str or None
        ``name@version`` of the voice that taught this one, where it was another than the one that it began as.

    Raises
    ------
    ConfigError
        The bundle shall have a speaker or style that the voice has not.
    ConsentError
        A cloned speaker has not agreed, or is not in the bundle.
    VerifyError
        A graph differs from its net.
    OutputError
        The destination cannot be written.
    """
    offered = offer(voice, bundle.speakers, bundle.styles)
    tensors = offered.take(_published(nets.acoustic, voice))
    voice = offered.voice
    people = people or settle_people(bundle, [one.name for one in voice.speakers])
    nets = load_nets(voice, tensors, _shipped(nets.vocoder.state_dict()))
    lines = [*SENTENCES, *texts]
    built = build_variants(
        voice, nets, pick_texts(lines, CALIBRATION_TEXTS), pick_texts(lines, TEST_TEXTS, 3), GOLDEN_TEXT, known
    )
    made = describe_making(base, learnt, vocoder_family(nets.vocoder).name)
    manifest = _manifest(voice, bundle, base, made, built) | people.fields() | ({"parent": parent} if parent else {})
    files: dict[str, Content] = dict(voice_files(voice, nets, built.models) | built.golden)
    files["MODELCARD.md"] = _card(manifest, learnt, built, people).encode()
    if aligner is not None and (base.acoustic or base.vocoder):
        files |= bundle_files(aligner)
    if statistics is not None:
        files[STATISTICS] = statistics.encode()
    return write_bundle(destination, manifest, files, replace=True)


def describe_making(base: Base, learnt: Sequence[Learnt], family: str) -> str:
    """Return sentences that say where each net began and how long it learnt."""
    steps = {one.stage: one.step for one in learnt}
    sentences = []
    for stage, name, own in (("acoustic", "acoustic model", base.acoustic), ("vocoder", f"vocoder ({family})", base.vocoder)):
        began = f"that of {base.label}" if own else "new"
        if stage in steps:
            sentences.append(f"The {name} {'began as' if own else 'is'} {began} and learnt for {steps[stage]} steps.")
        else:
            sentences.append(f"The {name} is {began}.")
    if "joint" in steps:
        sentences.append(f"Vocoder and acoustic decoder learnt together for {steps['joint']} steps.")
    return " ".join(sentences)


def _published(net: FastSpeech, voice: VoiceConfig) -> dict[str, NDArray[Any]]:
    """Return the tensors of an acoustic model; emotions become what they add to neutral, which becomes part of each style."""
    found = dict(net.state_dict())
    if voice.emotions:
        neutral = found["emotion.weight"][voice.emotions.index(NEUTRAL)][None]
        found["style.weight"] = found["style.weight"] + neutral
        found["emotion.weight"] = found["emotion.weight"] - neutral
    return _shipped(found)


def _shipped(tensors: Mapping[str, Tensor]) -> dict[str, NDArray[Any]]:
    """Return tensors as a bundle holds them, in half precision: graphs are judged against what they will hold."""
    return {name: value.detach().cpu().numpy().astype(np.float16) for name, value in tensors.items()}


def _manifest(voice: VoiceConfig, bundle: BundleConfig, base: Base, made: str, built: Variants) -> dict[str, Any]:
    """Return the fields of the manifest; what a listener must be told of the base voice is said when a net of it is in here."""
    leans = base.acoustic or base.vocoder
    credit = f" {base.label} ({base.manifest.licence}): {base.manifest.data_statement}" if leans else ""
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
        "attributions": [one.fields() for one in _credits(bundle, base if leans else None)],
        "data_statement": f"{bundle.data_statement} {made}{credit}",
        "consent": bundle.consent,
        "parent": base.label if base.acoustic else None,
        "created_with": environment((*LIBRARIES, *TRAINING)),
        "graphs": graph_entries(built.models),
        "measured": built.measured,
    }


def _credits(bundle: BundleConfig, base: Base | None) -> Sequence[Attribution]:
    """Return what is owed for the recordings and for a base voice: each work once, with all that it was used for."""
    credits: dict[tuple[str, str], Attribution] = {}
    for one in (*bundle.attributions, *(base.manifest.attributions if base is not None else ())):
        known = credits.get((one.work, one.licence))
        uses = f"{known.used_for if known else ''};{one.used_for}".split(";")
        each = dict.fromkeys(use.strip() for use in uses if use.strip())
        credits[one.work, one.licence] = (known or one).replace(used_for="; ".join(each))
    return tuple(credits.values())


def _card(manifest: Mapping[str, Any], learnt: Sequence[Learnt], built: Variants, people: People) -> str:
    """Return the model card: what this is, on what ground, how it was made."""
    rows = "".join(f"| {one.stage} | {one.step} | {'' if one.best is None else f'{one.best:.4f}'} |\n" for one in learnt)
    refused = "".join(f"- {name} has no int8 variant: {why}\n" for name, why in built.refused.items())
    return (
        f"# {manifest['name']} {manifest['version']}\n\n"
        f"{manifest['data_statement']}\n\n"
        f"Licence: {manifest['licence']}. Consent: {manifest['consent']}\n\n"
        f"Speakers: {', '.join(manifest['speakers'])}. Styles: {', '.join(manifest['styles'])}.\n\n"
        f"{card_line(people)}"
        f"| stage | steps | lowest held-out loss |\n|---|---|---|\n{rows}{refused and chr(10) + refused}"
    )
