"""The student of an imported voice as a bundle: what it owes to its teacher, and what to the voice that it began as."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from tingshuo.config import VoiceConfig
from tingshuo.port.nets import VoiceNets
from tingshuo.port.reuse import known_graphs
from tingshuo.store.bundle import Bundle
from tingshuo.store.manifest import Manifest
from tingshuo.store.versions import Step, Version
from tingshuo.train.aligner import Aligner
from tingshuo.train.config import BundleConfig, StyleOffer
from tingshuo.train.consents import People, settle_people
from tingshuo.train.imported_config import ImportedConfig
from tingshuo.train.imported_teacher import LANGUAGES, Teacher
from tingshuo.train.publish import Base, publish
from tingshuo.train.run_folder import Learnt
from tingshuo.types import EMOTIONS


def check_people(teacher: Teacher, day: date | None = None) -> People:
    """Return who of a student's speakers is cloned, as the teacher says, with the records of their consent.

    Raises
    ------
    ConsentError
        A record is missing, has ended, or is from the future.
    """
    return settle_people(BundleConfig(), [one.name for one in teacher.speakers], kept=_of(teacher), day=day)


def _of(teacher: Teacher) -> Manifest:
    """Return the manifest of a teacher with those of its cloned speakers who teach."""
    manifest = teacher.bundle.manifest
    names = {one.name for one in teacher.speakers}
    return manifest.replace(cloned=tuple(name for name in manifest.cloned if name in names))


def licence_of(teacher: Manifest, base: Manifest, told: str = "") -> str:
    """Return the licence of a student: what was told, else that of both, or both where they differ, as SPDX joins them."""
    return told or (teacher.licence if teacher.licence == base.licence else f"{teacher.licence} AND {base.licence}")


def describe(destination: Path, teacher: Teacher, base: Bundle, config: ImportedConfig, sentences: int) -> BundleConfig:
    """Return what the manifest of a student says.

    Parameters
    ----------
    destination : Path
        The new bundle; its name becomes that of the voice.
    teacher : Teacher
        What a listener must be told of it is told.
    base : Bundle
        The voice that it began as.
    config : ImportedConfig
        Of the training.
    sentences : int
        That it has learnt from.
    """
    old = teacher.bundle.manifest
    name = re.sub(r"[^\w.-]", "-", destination.resolve().name).lstrip(".-")[:64] or f"{old.name}-small"
    styles = {style.name: StyleOffer(description=style.description) for style in teacher.styles}
    styles |= {felt: StyleOffer(description=f"with the emotion {felt}") for felt in teacher.emotions if felt not in EMOTIONS}
    return BundleConfig(
        name=name,
        version=str(Version.parse(old.version).next(Step.MAJOR)),
        licence=licence_of(old, base.manifest, config.licence),
        consent=old.consent,
        data_statement=(
            f"{old.data_statement} This student has learnt from the speech of {teacher.label} alone, {sentences} sentences that "
            "it spoke, and from no recording."
        ),
        languages=tuple(one for one in old.languages if one.split("-")[0] in (*LANGUAGES, "en")),
        speakers=tuple(one.name for one in teacher.speakers),
        styles=styles,
        attributions=old.attributions,
    )


def write_student(
    destination: Path, voice: VoiceConfig, nets: VoiceNets, said: BundleConfig, teacher: Teacher, base: Bundle,
    learnt: Sequence[Learnt], aligner: Aligner | None, texts: Sequence[str],
) -> Path:  # fmt: skip
    """Write a student.

    Parameters
    ----------
    destination : Path
        The new bundle.
    voice, nets : VoiceConfig, VoiceNets
        Of the student.
    said : BundleConfig
        From `describe`.
    teacher : Teacher
        Who taught it; becomes its parent.
    base : Bundle
        The voice that it began as.
    learnt : sequence of Learnt
        What each part came to.
    aligner : Aligner or None
        Goes along.
    texts : sequence of str
        That the teacher spoke, for the scales of int8.

    Raises
    ------
    VerifyError
        A graph differs from its net.
    OutputError
        The destination cannot be written.
    """
    began = Base(base.manifest, acoustic=True, vocoder=True)
    people = check_people(teacher)
    known = known_graphs(base)
    return publish(destination, voice, nets, said, began, learnt, texts, aligner, known, people=people, parent=teacher.label)
