"""Import: what is this file, read it strictly, prove that our graphs compute what its net computes, write a bundle."""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tingshuo.errors import OutputError, PortError
from tingshuo.port.bundling import Tell, silent, write_draft
from tingshuo.port.convert.converters import CONVERTERS, FUSERS
from tingshuo.port.draft import UNKNOWN_LICENCE, Draft
from tingshuo.port.recognise.probe import probe
from tingshuo.store.manifest import MANIFEST

_UNFIT = re.compile(r"[^\w.-]+")
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import made.

    ``left_out`` are tensors that only training needs, by part; ``errors`` how near each graph came to its net: graph to output to
    the largest error, dB; ``notes`` are sentences about what was found.
    """

    path: Path
    name: str
    system: str
    task: str
    sample_rate: int
    licence: str
    tensors: dict[str, int]
    left_out: dict[str, tuple[str, ...]]
    errors: dict[str, dict[str, float]]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"path": str(self.path), "left_out": {part: list(names) for part, names in self.left_out.items()}}


def import_checkpoint(
    path: str | os.PathLike[str],
    destination: str | os.PathLike[str] | None = None,
    *,
    name: str | None = None,
    voice: str | None = None,
    system: str | None = None,
    licence: str | None = None,
    fuse: str | os.PathLike[str] | None = None,
    share: float = 0.5,
    force: bool = False,
    tell: Tell = silent,
) -> Imported:
    """Make a bundle of a stranger's model.

    Parameters
    ----------
    path : path-like
        A file, or the folder of a model as it was downloaded or trained. Nothing in it is run or changed.
    destination : path-like or None
        The bundle's folder; None is one of the bundle's name in the current folder.
    name : str or None
        Of the bundle; None is what the model is called.
    voice : str or None
        Which of several voices; None is the first.
    system : str or None
        Whose it is, one of `CONVERTERS`; None finds out.
    licence : str or None
        Of the weights, as SPDX writes it, where their files do not say.
    fuse : path-like or None
        Another voice of the same system, to be mixed with the first, of one in `FUSERS`.
    share : float
        Of the first in the mixture, 0..1.
    force : bool
        Take the place of a bundle that is there.
    tell : callable
        Is told the share of the work that is done, and what is going on.

    Raises
    ------
    PortError
        It is not a model that can be imported, or something in it or beside it is missing, damaged or does not fit.
    VerifyError
        A graph does not compute what its net computes.
    OutputError
        The destination exists or cannot be written.
    RequestError
        No such system.
    EngineNotInstalledError
        A package is missing; the message says how to install it.
    """
    source = Path(path)
    whose = system or find_system(source)
    if fuse is None:
        draft: Draft = CONVERTERS.load(whose)(source, voice)
    else:
        draft = FUSERS.load(whose)(source, Path(fuse), share)
    named = _named(draft, name, licence)
    target = Path(destination) if destination is not None else Path(named.name)
    if target.exists() and not (force and (target / MANIFEST).is_file()):
        raise OutputError(f"{target}: is there already; give another --output, or --force to take the place of a bundle")
    proof = write_draft(named, target, replace=force, tell=tell)
    return Imported(
        path=target,
        name=named.name,
        system=named.system,
        task=named.task,
        sample_rate=named.config.sample_rate,
        licence=named.licence or UNKNOWN_LICENCE,
        tensors={part: one.report.n_used for part, one in named.parts.items()},
        left_out={part: one.report.left_out for part, one in named.parts.items()},
        errors=proof.errors,
        notes=named.notes,
    )


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


def _named(draft: Draft, name: str | None, licence: str | None) -> Draft:
    fit = _UNFIT.sub("-", name or draft.name).strip("-.")[:LONGEST_NAME]
    if not fit or (name is not None and fit != name):
        raise PortError(f"{name!r} cannot be the name of a bundle: letters, digits, - _ . and at most {LONGEST_NAME} characters")
    notes = draft.notes
    if licence is None and draft.licence is None:
        notes = (*notes, "its files do not say under which licence it may be used; find out, and say so with --licence")
    return replace(draft, name=fit, licence=licence or draft.licence, notes=notes)
