"""A voice made smaller, written as a bundle of its own; its manifest names the voice it was made from."""

import re
import shutil
from pathlib import Path
from typing import Any

from tingshuo.config import VoiceConfig
from tingshuo.errors import OutputError, TrainError
from tingshuo.port.calibration import pick_texts
from tingshuo.port.nets import VoiceNets, architecture, voice_family
from tingshuo.port.reuse import known_graphs
from tingshuo.port.variants import Variants, build_variants
from tingshuo.port.voice import contexts, graph_entries, voice_files
from tingshuo.store.atomic import Content
from tingshuo.store.bundle import Bundle, write_bundle
from tingshuo.store.manifest import ALIGNER
from tingshuo.text.symbols import has_english
from tingshuo.train.consents import People, card_line
from tingshuo.train.lessons_texts import built_in_texts
from tingshuo.train.publish import GOLDEN_TEXT

VERSION = "1.0.0"
CALIBRATION_TEXTS, TEST_TEXTS = 32, 12
"""Choose and judge the scales of int8; with a dozen, a scale may miss what the other sentences need."""
BUNDLE_BYTES = 60 << 20
"""Room for a bundle with graphs in two precisions, as of the built-in voice."""


def check_destination(destination: Path, needed_bytes: int = 0) -> None:
    """Refuse to begin what could not be written at the end.

    Raises
    ------
    OutputError
        Something is there already, its folder cannot be made, or the disk has no room.
    """
    if destination.exists():
        raise OutputError(f"{destination}: is there already; choose another -o, or remove it")
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(destination.parent).free
    except OSError as error:
        raise OutputError(f"{destination.parent}: cannot be written: {error.strerror}") from error
    needed = needed_bytes + BUNDLE_BYTES
    if free < needed:
        raise OutputError(f"{destination.parent}: {needed / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB are free; make room")


def write_smaller(destination: Path, parent: Bundle, nets: VoiceNets, how: str) -> Path:
    """Write a smaller voice as a bundle.

    Parameters
    ----------
    destination : Path
        A new folder; its name becomes that of the voice.
    parent : Bundle
        The voice it was made from: what a listener must be told is taken from there.
    nets : VoiceNets
        The smaller ones.
    how : str
        A sentence that says how it was made.

    Raises
    ------
    VerifyError
        A graph differs from its net.
    OutputError
        The destination is there or cannot be written.
    """
    config = smaller_config(parent.config, nets)
    lines = built_in_texts(4 * CALIBRATION_TEXTS, english=has_english(config.phonemes))
    calibration, test = pick_texts(lines, CALIBRATION_TEXTS), pick_texts(lines, TEST_TEXTS, 3)
    built = build_variants(config, nets, calibration, test, GOLDEN_TEXT, known_graphs(parent))
    manifest = _manifest(destination, parent, config, how, built)
    files: dict[str, Content] = dict(voice_files(config, nets, built.models) | built.golden)
    files["MODELCARD.md"] = _card(manifest, built, _people(parent)).encode()
    files |= {name: parent.file(name) for name in parent.manifest.files if name.startswith(f"{ALIGNER}/")}
    return write_bundle(destination, manifest, files)


def smaller_config(config: VoiceConfig, nets: VoiceNets) -> VoiceConfig:
    """Return the config of a voice with other nets."""
    sizes = nets.acoustic.config, nets.vocoder.config
    return config.replace(family=voice_family(sizes[1]), architecture=architecture(*sizes), **contexts(*sizes))


def averaged(tensors: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Return the averaged net of a checkpoint.

    Raises
    ------
    TrainError
        It holds none.
    """
    found = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    if not found:
        raise TrainError("the checkpoint holds no averaged model; teach the student anew, into another folder")
    return found


def _manifest(destination: Path, parent: Bundle, config: VoiceConfig, how: str, built: Variants) -> dict[str, Any]:
    old = parent.manifest
    label = f"{old.name}@{old.version}"
    return {
        "name": re.sub(r"[^\w.-]", "-", destination.resolve().name).lstrip(".-")[:64] or f"{old.name}-smaller",
        "version": VERSION,
        "family": config.family,
        "task": old.task,
        "languages": list(old.languages),
        "speakers": list(old.speakers),
        "styles": list(old.styles),
        "emotions": list(old.emotions),
        "sample_rate": old.sample_rate,
        "licence": old.licence,
        "attributions": [one.fields() for one in old.attributions],
        "data_statement": f"{old.data_statement} Made from {label}: {how}",
        "consent": old.consent,
        **_people(parent).fields(),
        "parent": label,
        "graphs": graph_entries(built.models),
        "measured": built.measured,
    }


def _people(parent: Bundle) -> People:
    """Whose clone the parent is, its child is too."""
    return People(parent.manifest.cloned, parent.manifest.consents)


def _card(manifest: dict[str, Any], built: Variants, people: People) -> str:
    refused = "".join(f"- {name} has no int8 variant: {why}\n" for name, why in built.refused.items())
    return (
        f"# {manifest['name']} {manifest['version']}\n\n{manifest['data_statement']}\n\n"
        f"Licence: {manifest['licence']}. Consent: {manifest['consent']}\n\n{card_line(people)}{refused}"
    )
