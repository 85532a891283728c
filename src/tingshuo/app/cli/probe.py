"""``tingshuo probe``: say what a file is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tingshuo.port.recognise.finding import Finding


def probe(
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders of them.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what model files are: whose, which version, what for.

    By what is in them and not by their names: checkpoints of PyTorch, safetensors, ONNX, indexes, configs and more. Nothing in
    them is run: pickles are read as data, in a process without network, and one that would run code is named for what it is.

    Example:

      tingshuo probe ~/Downloads/model.pth

      tingshuo probe weights logs --json
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.port.recognise.probe import probe as look_at

    findings = [found for path in paths for found in look_at(path)]
    if as_json:
        print_json({"findings": [found.to_json() for found in findings]})
        return
    for found in findings:
        for line in _lines(found):
            typer.echo(line)


def _lines(found: "Finding") -> list[str]:
    whose = " ".join(part for part in (found.system, found.version) if part)
    head = f"{found.path}: {whose + ', ' if whose else ''}{found.role}"
    told = [
        found.format,
        *([f"{found.sample_rate} Hz"] if found.sample_rate else []),
        *([found.licence] if found.licence else []),
    ]
    told += [f"{name} {value}" for name, value in found.details]
    lines = [head, f"  {'; '.join(told)}"]
    lines += [f"  missing: {one.what} ({one.where})" for one in found.missing]
    return [*lines, f"  {found.what_next}"] if found.what_next else lines
