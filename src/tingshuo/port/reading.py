"""The process that reads a stranger's model: converts it, exports the graphs of its nets, and leaves both in a folder.

It alone holds the numbers of a checkpoint and torch at the same time, and its memory goes when it ends.
"""

import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from tingshuo.errors import PortError
from tingshuo.port.convert.converters import CONVERTERS, DESCRIBED, FUSERS
from tingshuo.port.draft import Draft
from tingshuo.port.draft_folder import architecture_of, export_nets, save_draft
from tingshuo.port.importers.archive import unpacked
from tingshuo.port.recognise.probe import probe
from tingshuo.port.work_folder import refuse_taken
from tingshuo.port.worker import Job, Tell, serve
from tingshuo.store.manifest import MANIFEST

_UNFIT = re.compile(r"[^\w.-]+")
LONGEST_NAME = 64
LARGE_BYTES = 100 << 20
"""Of weights: the graphs of larger nets are exported in a process after this one, which costs the seconds that torch takes to
start; that of a smaller one is not felt."""


def read(job: Job, tell: Tell) -> None:
    """Do what `tingshuo.port.importing` asks for: convert, name, and prepare in a folder.

    Raises
    ------
    PortError
        It is not a model that can be imported, or something in it or beside it is missing, damaged or does not fit.
    OutputError
        The destination is there already.
    RequestError
        No such system.
    EngineNotInstalledError
        A package is missing.
    """
    folder = Path(job["folder"])
    draft = _named(_converted(job), job["name"], job["licence"])
    refuse_taken(Path(job["destination"] or draft.name), force=job["force"])
    architecture = architecture_of(draft)
    large = sum(tensor.nbytes for part in draft.parts.values() for tensor in part.tensors.values()) > LARGE_BYTES
    save_draft(draft, folder)
    del draft  # so that its numbers do not lie in memory while graphs are exported
    if not (architecture and large):
        export_nets(architecture, folder, here=True, tell=tell)


def find_system(path: Path) -> str:
    """Return whose model lies at a path.

    Raises
    ------
    PortError
        There is none that can be imported, or there are models of several systems; the message says what there is.
    """
    if (path / MANIFEST).is_file():
        raise PortError(f"{path}: is a bundle already, and can be used as it is: tingshuo verify {path}")
    findings = probe(path)
    usable = dict.fromkeys(one.system for one in findings if one.usable and one.system in CONVERTERS)
    if len(usable) == 1:
        return next(iter(usable))
    if usable:
        raise PortError(f"{path}: holds models of {', '.join(usable)}; say which with --system, or give the folder of one")
    best = max(findings, key=lambda one: (one.usable, bool(one.system), bool(one.what_next)))
    whose = f"{best.system} " if best.system else ""
    known = f"; can be imported: {', '.join(CONVERTERS)}" if not best.system or best.usable else ""
    next_step = f": {best.what_next}" if best.what_next else ""
    raise PortError(f"{best.path}: is {whose}{best.role}, not a model to import{next_step}{known}")


def _converted(job: Job) -> Draft:
    """Call the converter of a model, which may be packed: what comes out of it is plain data."""
    with unpacked(Path(job["path"])) as path:
        return _convert(job, path)


def _convert(job: Job, path: Path) -> Draft:
    voice = job["voice"]
    described: dict[str, Any] = job["described"]
    for kind, told in described.items():
        draft: Draft = DESCRIBED.load(kind)(path, Path(told), voice)
        return draft
    system = job["system"] or find_system(path)
    if job["fuse"] is None:
        draft = CONVERTERS.load(system)(path, voice)
    else:
        draft = FUSERS.load(system)(path, Path(job["fuse"]), job["share"])
    return draft


def _named(draft: Draft, name: str | None, licence: str | None) -> Draft:
    fit = _UNFIT.sub("-", name or draft.name).strip("-.")[:LONGEST_NAME]
    if not fit or (name is not None and fit != name):
        raise PortError(f"{name!r} cannot be the name of a bundle: letters, digits, - _ . and at most {LONGEST_NAME} characters")
    notes = draft.notes
    if licence is None and draft.licence is None:
        notes = (*notes, "its files do not say under which licence it may be used; find out, and say so with --licence")
    return replace(draft, name=fit, licence=licence or draft.licence, notes=notes)


def _work(job: Job, tell: Tell) -> None:
    tempfile.tempdir = job["folder"]  # beside the bundle there is room, and it is cleaned up whatever happens
    read(job, tell)


if __name__ == "__main__":
    serve(_work)
