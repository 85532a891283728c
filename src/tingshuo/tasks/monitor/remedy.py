"""What can be done about an alarm, as commands that can be run as they are."""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from tingshuo.store.manifest import Manifest
from tingshuo.tasks.monitor.history import Round

SPEED = frozenset({"rtf"})
"""Figures that no training changes."""
RECORDINGS, STATEMENTS = "recordings", "statements.yaml"


def remedies(
    voice: str, manifest: Manifest, names: Iterable[str], data: Path | None = None, parts: Sequence[str] = ()
) -> list[str]:
    """Return the commands that are the remedy when these figures, or spreads of inputs, have left their bands.

    Parameters
    ----------
    voice : str
        Name or path, as the user gave it.
    manifest : Manifest
        Of the voice.
    names : iterable of str
        What has left its band.
    data, parts : Path or None, sequence of str
        Corpus that the voice is watched on, and which parts of it; None is a folder ``recordings``.
    """
    names = set(names)
    commands = [training(voice, manifest, data, parts)] if names - SPEED else []
    return commands + ([shlex.join(("tingshuo", "bench", "--voice", voice))] if names & SPEED else [])


def changes(rounds: Sequence[Round]) -> list[str]:
    """Return sentences on what is another since the latest round without an alarm: going back to that is a remedy too.

    Parameters
    ----------
    rounds : sequence of Round
        The oldest first, the last of them with an alarm.
    """
    good = next((one for one in reversed(rounds) if not one.alarms), None)
    if good is None:
        return []
    then, now = good.origin, rounds[-1].origin
    found = []
    if then.digest != now.digest:
        found.append(f"the bundle: {then.version} ({then.digest[:12]}) then, {now.version} ({now.digest[:12]}) now")
    if then.tingshuo != now.tingshuo:
        found.append(f"Tingshuo: {then.tingshuo} then, {now.tingshuo} now")
    return [f"Changed since round {good.id}, the latest without an alarm: {what}." for what in found]


def training(voice: str, manifest: Manifest, data: Path | None = None, parts: Sequence[str] = ()) -> str:
    """Return the command that trains a voice on from what it is.

    It keeps the name, so that its history goes on, and gets the next minor version: quality changed, not who speaks.
    """
    version = next_minor(manifest.version)
    run = f"{manifest.name}-{version}"
    words = ["tingshuo", "train", str(data or RECORDINGS), *(word for part in parts for word in ("--part", part))]
    words += ["-o", run, "--from", voice, "--config", STATEMENTS]
    return shlex.join([*words, "--set", f"bundle.name={manifest.name}", "--set", f"bundle.version={version}"])


def next_minor(version: str) -> str:
    """Return ``1.3.0`` for ``1.2.5``, what follows a dash left out."""
    major, minor, _ = version.split("-")[0].split(".")
    return f"{major}.{int(minor) + 1}.0"
