"""The files of an evaluation: a page for people, figures for machines and for comparing with the next one."""

import json
from collections.abc import Set
from pathlib import Path
from typing import Any

from tingshuo.errors import OutputError, RequestError

PAGE, FIGURES = "evaluation.html", "evaluation.json"


def make_folder(path: Path | None) -> Path | None:
    """Make the folder, where one is wanted: before the work, not after it.

    Raises
    ------
    OutputError
        It cannot be made.
    """
    try:
        if path is not None:
            path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be made: {error.strerror}") from error
    return path


def write_evaluation(folder: Path, figures: str, page: str) -> None:
    """Write both files, each whole or not at all."""
    from tingshuo.store.atomic import replace_file

    replace_file(folder / FIGURES, figures.encode())
    replace_file(folder / PAGE, page.encode())


def read_evaluation(against: str, wanted: Set[str], what: str) -> dict[str, Any] | None:
    """Return an evaluation that was saved; None where ``against`` is not a file, and so names a bundle.

    Parameters
    ----------
    against : str
        A path, or something else.
    wanted : set of str
        Keys that such an evaluation has.
    what : str
        What is evaluated, with its article, for the message.

    Raises
    ------
    RequestError
        The file is not an evaluation, or one of something else.
    """
    path = Path(against)
    if not path.is_file():
        return None
    try:
        known: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if wanted <= known.keys():
            return known
    except (OSError, ValueError, AttributeError):
        pass
    raise RequestError(
        f"{against}: is not an {FIGURES} of this version and of {what}; make it again with tingshuo evaluate -o", "against"
    )
