"""``tingshuo optimize``: a faster bundle of a bundle."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tingshuo.app.cli.revoice import LIGHT, lighten, swap

if TYPE_CHECKING:
    from tingshuo.port.optimizing import Optimized
    from tingshuo.port.trials import Trial


def optimize(
    bundle: Annotated[str, typer.Argument(help="A voice's name or a bundle's folder; it is not changed.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the new bundle.")],
    target: Annotated[str, typer.Option(help="cpu, pi, openvino, cuda or tensorrt.")] = "cpu",
    passes: Annotated[str, typer.Option(help="Names of the passes to try, with commas; all of the target without it.")] = "",
    skip: Annotated[str, typer.Option(help="Names of passes to leave out, with commas.")] = "",
    vocoder: Annotated[
        str | None, typer.Option(help="Put this vocoder under the voice instead: a bundle, or light to teach a small one.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="With --vocoder: licence of both, where theirs differ.")] = None,
    data: Annotated[Path | None, typer.Option(help="With --vocoder light: texts that the voice speaks; ours without it.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="With --vocoder light: teach for so many steps.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="With --vocoder light: go on with an interrupted training.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Take the place of a bundle that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a voice faster, measured and still right.

    Every pass is tried alone and with those that helped; ratios are of one run, on one thread and on two. Float32 stays below
    -60 dB of difference; fewer bits have limits for each output, and whole sentences have to keep their durations, their mel
    and their speaker. What was tried and not kept is listed with its figure.

    Example:

      tingshuo optimize my-voice -o my-voice-fast

      tingshuo optimize my-voice -o out --passes wide,int8-static --json

      tingshuo optimize my-voice -o my-voice-light --vocoder light
    """
    from tingshuo.app.cli.output import print_json
    from tingshuo.app.cli.progress import Progress
    from tingshuo.errors import UnknownVoiceError
    from tingshuo.port.optimizing import optimize_bundle
    from tingshuo.tasks.voices import find_voice

    try:
        folder = find_voice(bundle)
    except UnknownVoiceError:
        folder = Path(bundle)
    if vocoder == LIGHT:
        lighten(folder, output, data, steps, resume=resume, as_json=as_json)
        return
    if vocoder is not None:
        swap(folder, Path(vocoder), output, licence, force=force, as_json=as_json)
        return
    with Progress("Opening", 1.0) as bar:

        def tell(share: float, what: str) -> None:
            bar.describe(what)
            bar.advance(share - bar.done)

        made = optimize_bundle(
            folder, output, target=target, only=_names(passes), skip=_names(skip), force=force, tell=tell
        )  # fmt: skip
    if as_json:
        print_json(made.to_json())
        return
    for line in _lines(made):
        typer.echo(line)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _lines(made: "Optimized") -> list[str]:
    from tingshuo.port.trials import ABSENT

    measured = any(one.ratio is not None for one in made.trials)
    figures = f"{'1 thread':>8} {'2':>8}" if measured else f"{'operators':>9}"
    lines = [
        f"{made.name} for {made.target}: how fast each graph is, where 1.00x is the float32 one that was there",
        f"  {'graph':10} {'passes':32} {'variant':14} {figures} {'dB':>5} {'MB':>7}  result",
    ]
    for graph in dict.fromkeys(one.graph for one in made.trials):
        trials = [one for one in made.trials if one.graph == graph]
        lines += [_row(one, measured=measured) for one in trials if one.status != ABSENT]
        absent = ", ".join("+".join(one.passes) for one in trials if one.status == ABSENT)
        lines += [f"  {graph:10} {ABSENT}: {absent} (--json says why)"] if absent else []
    for threads, before in made.before.items():
        after = made.after[threads]
        told = ", ".join(f"{name} {before[name]:g} -> {after[name]:g}" for name in before)
        lines.append(f"  the voice, {threads} thread{'s' if threads > 1 else ''}: {told}")
    if made.hearing is not None:
        quality = ", ".join(f"{name} {value:.3f}" for name, value in made.hearing.figures().items())
        lines.append(f"  quality of whole sentences: {quality}; character errors {made.hearing.cer}")
    if made.untried:
        names = ", ".join(made.untried)
        lines.append(f"  not tried, as they take long and cannot be kept: {names}; --passes {made.untried[0]} measures it")
    lines += [f"  note: {note}" for note in made.notes]
    if made.path is None:
        return [*lines, "Nothing was faster and good enough: no bundle was written, the one that is there is the best"]
    before_mb, after_mb = (size / 1e6 for size in made.size_bytes)
    return [*lines, f"{made.path}: {made.name} {made.version}, {before_mb:.1f} MB -> {after_mb:.1f} MB"]


def _row(one: "Trial", *, measured: bool) -> str:
    figures = f"{_ratio(one.ratio)} {_ratio(one.ratio_2_threads)}" if measured else f"{one.operators or '-':>9}"
    error = f"{max(one.error_db.values()):5.0f}" if one.error_db else f"{'-':>5}"
    size = f"{one.size_bytes / 1e6:7.1f}" if one.size_bytes else f"{'-':>7}"
    told = f"{one.status}: {one.why}" if one.why else one.status
    name = "+".join(one.passes) or "as it was"
    return f"  {one.graph:10} {name:32} {one.engine + ' ' + one.precision:14} {figures} {error} {size}  {told}"


def _ratio(ratio: float | None) -> str:
    return f"{'-':>8}" if ratio is None else f"{ratio:7.2f}x"
