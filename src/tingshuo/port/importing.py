"""Import: what is this file, read it strictly, prove that our graphs compute what its net computes, write a bundle."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tingshuo.errors import RequestError
from tingshuo.port.work_folder import NETS, refuse_taken, work_folder
from tingshuo.port.worker import Job, Tell, run_apart, silent

if TYPE_CHECKING:
    from tingshuo.port.bundling import Proof
    from tingshuo.port.draft import Draft


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
    contract: str | os.PathLike[str] | None = None,
    config: str | os.PathLike[str] | None = None,
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
    contract : path-like or None
        What tells of a model that no system is known of what goes in and out: ONNX, TorchScript, TensorFlow.
    config : path-like or None
        Our config, where the path has weights alone.
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
    described = {kind: str(told) for kind, told in (("config", config), ("contract", contract)) if told is not None}
    if len(described) > 1:
        raise RequestError("a model is told by a contract or by a config, not by both", "config")
    if described and (system is not None or fuse is not None):
        raise RequestError("a model that is told by a contract or by a config has no --system and no --fuse", "system")
    target = None if destination is None else Path(destination)
    if target is not None:
        refuse_taken(target, force=force)
    with work_folder(target or Path("import")) as folder:
        job = {
            "path": os.fspath(path),
            "system": system,
            "voice": voice,
            "described": described,
            "fuse": None if fuse is None else os.fspath(fuse),
            "share": share,
            "name": name,
            "licence": licence,
            "destination": None if target is None else str(target),
            "force": force,
            "folder": str(folder),
        }
        run_reading(job, tell)
        if not (folder / NETS).is_file():
            run_apart("tingshuo.port.exporting", {"folder": str(folder)}, tell)
        # Not before: until now this process was small beside the one that read and exported.
        from tingshuo.port.bundling import write_prepared
        from tingshuo.port.draft_folder import open_draft

        prepared = open_draft(folder)
        target = target or Path(prepared.draft.name)
        proof = write_prepared(prepared, target, replace=force, tell=tell)
    return _imported(target, prepared.draft, proof)


def run_reading(job: Job, tell: Tell) -> None:
    """Have a model read in a process of its own; see `tingshuo.port.reading.read`."""
    run_apart("tingshuo.port.reading", job, tell)


def _imported(target: Path, draft: "Draft", proof: "Proof") -> Imported:
    from tingshuo.port.draft import UNKNOWN_LICENCE

    return Imported(
        path=target,
        name=draft.name,
        system=draft.system,
        task=draft.task,
        sample_rate=draft.config.sample_rate,
        licence=draft.licence or UNKNOWN_LICENCE,
        tensors=proof.tensors,
        left_out={part: one.report.left_out for part, one in draft.parts.items()},
        errors=proof.errors,
        notes=draft.notes,
    )
