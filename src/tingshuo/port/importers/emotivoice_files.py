"""Which files make a voice of EmotiVoice: any of its folders, or a checkpoint, is given; the others lie around it.

Of several checkpoints the one with the highest number counts. Names are read from the nearest lists above the checkpoint: those
of a voice that was trained further, in its own ``info``, before those of the project.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tingshuo.errors import PortError

PUBLISHED = "prompt_tts_open_source_joint"
"""Folder of the published voices in ``outputs``."""
START = "pretrained_generator"
"""What a training further begins with: the published voices, and noise for each new speaker."""
_NUMBERED, _STYLE = re.compile(r"g_(\d+)"), re.compile(r"checkpoint_(\d+)")
_DEPTH = 4
"""Folders from that of a checkpoint up to the project: ``ckpt``, ``NAME``, ``outputs`` and the project itself."""
_LISTS = (("info", "speaker"), ("data/youdao/text", "speaker2"), (".", "speaker2"), (".", "speaker"))
"""Where a list of tokens may lie, and what the list of speakers beside it is called."""
_CONFIG = "config/joint/config.yaml"
_WORDS = ("WangZeJun/simbert-base-chinese", "simbert-base-chinese")


@dataclass(frozen=True, slots=True)
class VoiceFiles:
    """The files of a voice; those that may be None are not needed to read it."""

    checkpoint: Path
    tokens: Path
    speakers: Path
    emotions: Path | None
    config: Path | None
    licence: Path | None
    notes: tuple[str, ...]
    """Sentences about a choice that was made."""


@dataclass(frozen=True, slots=True)
class PromptFiles:
    """The files of the net that turns words into a prompt: a folder of transformers, and weights that were trained further."""

    words: Path
    weights: Path


def find_voice(path: Path) -> VoiceFiles:
    """Find the files of a voice.

    Parameters
    ----------
    path : Path
        The project's folder, ``outputs``, the folder of a voice or of its checkpoints, or one checkpoint.

    Raises
    ------
    PortError
        There is no checkpoint, more than one voice, or no lists of names.
    """
    checkpoint, notes = (path, ()) if path.is_file() else _choose(path)
    around = _around(checkpoint.parent)
    for folder in around:
        for place, speakers in _LISTS:
            if (folder / place / "tokenlist").is_file() and (folder / place / speakers).is_file():
                names = folder / place
                return VoiceFiles(
                    checkpoint,
                    names / "tokenlist",
                    names / speakers,
                    _first([names / "emotion"]),
                    _first([*(above / _CONFIG for above in around), *(above / "config.yaml" for above in around[:2])]),
                    _first(above / "LICENSE" for above in around if above is folder or (above / _CONFIG).is_file()),
                    notes,
                )
    raise PortError(
        f"{checkpoint}: no lists of tokens and speakers lie near it; put data/youdao/text of the project into a folder above it, "
        "or, of a voice that was trained further, its folder info"
    )


def find_prompt(path: Path) -> PromptFiles:
    """Find SimBERT as the voice knows it, from any path that `find_voice` takes.

    Raises
    ------
    PortError
        Its folder, or the checkpoint of the style encoder, is missing.
    """
    around = _around(path if path.is_dir() else path.parent)
    words = _first(above / name / "config.json" for above in around for name in _WORDS)
    if words is None:
        raise PortError(f"{path}: SimBERT is not near it; put WangZeJun/simbert-base-chinese into the folder of the project")
    for above in around:
        for place in ("outputs/style_encoder/ckpt", "style_encoder/ckpt"):
            found = _highest(above / place, _STYLE)
            if found is not None:
                return PromptFiles(words.parent, found)
    raise PortError(f"{path}: the style encoder is not near it; put outputs/style_encoder into the folder of the project")


def read_names(path: Path) -> tuple[str, ...]:
    """Read a list of names, one a line; the line is the id, from 0.

    Raises
    ------
    PortError
        It cannot be read, is empty, or has a name twice.
    """
    try:
        names = tuple(line.strip() for line in path.read_text("utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise PortError(f"{path}: cannot be read as a list of names: {error}") from error
    if not names:
        raise PortError(f"{path}: is empty, and should have one name a line")
    name, n = Counter(names).most_common(1)[0]
    if n > 1:
        raise PortError(f"{path}: has {name!r} {n} times, so it does not say which id that is")
    return names


def _choose(path: Path) -> tuple[Path, tuple[str, ...]]:
    """Choose a checkpoint in a folder."""
    if not path.is_dir():
        raise PortError(f"{path}: is not there")
    tuned = sorted(path.glob("exp/*/ckpt"))
    for place in (".", "ckpt", f"{PUBLISHED}/ckpt", f"outputs/{PUBLISHED}/ckpt"):
        found = _highest(path / place, _NUMBERED)
        if found is not None:
            others = ", ".join(folder.parent.name for folder in tuned)
            return found, (f"exp has voices too ({others}): give the folder of one to read it",) if tuned else ()
    voices = [found for found in (_highest(folder, _NUMBERED) for folder in tuned) if found is not None]
    if len(voices) > 1:
        raise PortError(f"{path}: has several voices; give one of {', '.join(str(voice.parent.parent) for voice in voices)}")
    if voices:
        return voices[0], ()
    if (path / START).is_file() or (path / "ckpt" / START).is_file():
        raise PortError(f"{path}: has only {START}, whose new speakers are noise still; train it, until there is a g_… file")
    raise PortError(f"{path}: has no checkpoint of EmotiVoice (g_ and a number); give outputs/{PUBLISHED}, or such a folder")


def _highest(folder: Path, pattern: re.Pattern[str]) -> Path | None:
    """The file whose name has the highest number."""
    if not folder.is_dir():
        return None
    found = [(int(match[1]), path) for path in folder.iterdir() if (match := pattern.fullmatch(path.name)) and path.is_file()]
    return max(found)[1] if found else None


def _around(folder: Path) -> list[Path]:
    """A folder and those above it that may belong to the same project."""
    folder = folder.resolve()
    return [folder, *folder.parents][:_DEPTH]


def _first(paths: Iterable[Path]) -> Path | None:
    return next((path for path in paths if path.is_file()), None)
