"""Text of other languages to phonetic letters, by the program eSpeak NG where it is installed.

It is asked as a program of its own: a text goes to its input, never to a shell. Nothing of it is part of this package.
"""

import re
import subprocess
from collections.abc import Iterator
from shutil import which

from tingshuo.errors import TextError

PROGRAM = "espeak-ng"
INSTALL = "apt install espeak-ng, brew install espeak-ng, or https://github.com/espeak-ng/espeak-ng/releases for Windows"
_TIMEOUT_S = 20.0
_VOICE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,31}(?:\+[A-Za-z0-9]{1,16})?")
_CLAUSE = re.compile(r"[^.,;:!?。，、；：！？]+[.,;:!?。，、；：！？]*|[.,;:!?。，、；：！？]+")
_MARKS = str.maketrans("。，、；：！？", ".,,;:!?")
_SWITCH = re.compile(r"\([a-z]{2,3}(?:-[a-z0-9]+)*\)")
"""``(en)``: where the program went over to another language."""


def find_espeak() -> str:
    """Return the program.

    Raises
    ------
    TextError
        It is not there; the message says how to get it.
    """
    program = which(PROGRAM)
    if program is None:
        raise TextError(f"this voice reads what the program {PROGRAM} writes, and it is not installed: {INSTALL}")
    return program


def espeak_phonemes(text: str, voice: str) -> tuple[str, ...]:
    """Return the phonetic letters of a text, with its punctuation between clauses.

    Parameters
    ----------
    text : str
        One sentence or more.
    voice : str
        A voice of the program, such as ``en-us``.

    Returns
    -------
    tuple of str
        One character each; a space between words.

    Raises
    ------
    TextError
        The program is not there, or does not know the voice.
    """
    if not _VOICE.fullmatch(voice):
        raise TextError(f"{voice!r} is no name of a voice of {PROGRAM}; names are such as en-us or cmn")
    program, found = find_espeak(), ""
    for clause, mark in _clauses(text):
        spoken = _ask(program, clause, voice)
        if spoken:
            found += f"{spoken}{mark} "
    return tuple(found.strip())


def _clauses(text: str) -> Iterator[tuple[str, str]]:
    """Yield clauses with the mark that ends each: the program keeps the letters and drops the marks."""
    for clause in _CLAUSE.findall(text.replace("\n", " ")):
        bare = clause.rstrip(".,;:!?。，、；：！？")
        if bare.strip():
            yield bare.strip(), clause[len(bare) :][:1].translate(_MARKS)


def _ask(program: str, clause: str, voice: str) -> str:
    command = [program, "-q", "--ipa", "-b", "1", "--stdin", "-v", voice]
    try:
        done = subprocess.run(  # noqa: S603 - the list holds no word of a user's but a checked name
            command, input=clause.encode(), capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TextError(f"{PROGRAM} could not be run: {error}") from error
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it gave no reason"]
        raise TextError(f"{PROGRAM} failed with voice {voice!r}: {lines[0]}")
    return " ".join(_SWITCH.sub("", done.stdout.decode("utf-8", "replace")).split())
