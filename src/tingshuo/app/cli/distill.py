"""``tingshuo distill``: a smaller voice that answers as a larger one does."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from tingshuo.app.cli.progress import Stages
from tingshuo.errors import EngineNotInstalledError, RequestError

if TYPE_CHECKING:
    from tingshuo.train.distill import DistillConfig
    from tingshuo.train.distill_voice import Shrunk
    from tingshuo.train.imported_config import ImportedConfig
    from tingshuo.train.shrink_measure import Comparison

Config = TypeVar("Config", bound="DistillConfig")
OPTIONS = {
    "speakers": "--speaker",
    "styles": "--style",
    "emotions": "--emotion",
    "licence": "--licence",
    "vocoder_steps": "--vocoder-steps",
}
"""For imported voices alone, by the keys of their config."""
NAMES = {
    "lessons": "The voice speaks",
    "features": "Listening",
    "narrow": "Narrowing",
    "teach": "Teaching",
    "vocoder": "Teaching the vocoder",
    "publish": "Writing the bundle",
    "measure": "Measuring",
}


def distill(
    teacher: Annotated[str, typer.Argument(help="A voice's name or the folder of a bundle.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the new bundle; OUTPUT.run keeps the training.")],
    size: Annotated[str, typer.Option(help="small: at most half the parameters; tiny: at most a quarter.")] = "small",
    sizes: Annotated[
        list[str] | None, typer.Option("--set", help="An exact size instead, such as decoder_hidden=288; may be repeated.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Texts to learn from: a file, one a line, or a corpus; ours without it.")
    ] = None,
    texts: Annotated[int | None, typer.Option(min=4, help="Learn from at most so many texts; 1200 without it.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Teach for so many steps; 3000 without it.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Teach for so long instead.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Of the processor; all without it.")] = None,
    speaker: Annotated[
        list[str] | None, typer.Option(help="Learn this speaker of an imported voice, may be repeated; its first without it.")
    ] = None,
    style: Annotated[
        list[str] | None, typer.Option(help="Learn this style of an imported voice, may be repeated; its first without it.")
    ] = None,
    emotion: Annotated[
        list[str] | None, typer.Option(help="Learn this emotion of an imported voice too, may be repeated; neutral always is.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="Of the student of an imported voice; those of all that is in it without it.")
    ] = None,
    vocoder_steps: Annotated[
        int | None, typer.Option(min=1, help="Teach the vocoder too on an imported voice's speech, for so many steps.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted training, with its settings.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Teach a smaller voice to answer as a larger one does.

    The teacher speaks texts; no recordings are needed. Of a voice that Tingshuo trained, the student has at most half of the
    acoustic model's parameters and 1/1.3 of its multiplications, and takes its vocoder. Of an imported voice of any family
    that speaks Mandarin, it is a voice as Tingshuo trains them, with at most half of the parameters and the built-in voice's
    vocoder. Ends with both measured side by side. Ctrl-C saves and ends; --resume goes on. Needs the train extra.

    Example:

      tingshuo distill default --size small -o my-small --steps 3000

      tingshuo distill my-sambert --size small -o my-small --speaker F7 --emotion happy
    """
    from tingshuo.store.manifest import read_manifest
    from tingshuo.tasks.voices import BUILT_IN, DEFAULT, find_voice

    if steps is not None and minutes is not None:
        raise RequestError("--steps and --minutes exclude each other: give one of them", "minutes")
    if minutes is not None and not minutes > 0:
        raise RequestError(f"--minutes is {minutes:g}; it must be above 0", "minutes")
    bundle = find_voice(teacher)
    with train_extra():
        from tingshuo.train.distill_voice import distill_voice, read_run_config, run_folder
        from tingshuo.train.imported import distill_imported, read_imported_config
        from tingshuo.train.imported_teacher import is_own
    length, run = (steps, minutes, threads), run_folder(output)
    people = {"speakers": tuple(speaker or ()), "styles": tuple(style or ()), "emotions": tuple(emotion or ())}
    asked = {name: value for name, value in {**people, "licence": licence, "vocoder_steps": vocoder_steps}.items() if value}
    with Stages(NAMES) as stages:
        if is_own(read_manifest(bundle)):
            _refuse(asked, bundle)
            config = read_run_config(run) if resume else _config(size, sizes or [], texts)
            shrunk = distill_voice(bundle, output, with_length(config, *length), data, resume=resume, tell=stages.tell)
        else:
            own = read_imported_config(run) if resume else _imported_config(_config(size, sizes or [], texts))
            own, base = with_length(own.replace(**asked), *length), BUILT_IN / DEFAULT
            shrunk = distill_imported(bundle, output, own, base, data, resume=resume, tell=stages.tell)
    report(shrunk, as_json, typer.echo)


@contextmanager
def train_extra() -> Iterator[None]:
    """Around imports of what the ``train`` extra brings: say how to install it when it is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise EngineNotInstalledError(
            f"this needs the package {error.name!r}: pip install 'tingshuo[train]' installs it"
        ) from error


def with_length(config: Config, steps: int | None, minutes: float | None, threads: int | None) -> Config:
    """Return a config that teaches for so many steps or minutes; what is None stays."""
    loop = config.loop
    if steps is not None:
        loop = loop.replace(steps=steps, minutes=None)
    if minutes is not None:
        loop = loop.replace(minutes=minutes)
    if threads is not None:
        loop = loop.replace(threads=threads)
    return config.replace(loop=loop)


def report(shrunk: "Shrunk", as_json: bool, say: Callable[[str], None]) -> None:
    """Print how it ended, with the table of what the voice was and is."""
    if as_json:
        from tingshuo.app.cli.output import print_json

        print_json(
            {
                "step": shrunk.step,
                "finished": shrunk.finished,
                "best": shrunk.best,
                "bundle": str(shrunk.bundle) if shrunk.bundle else None,
                "comparison": shrunk.comparison.fields() if shrunk.comparison else None,
            }
        )
    elif shrunk.comparison is None:
        say(f"Interrupted and saved at step {shrunk.step}; add --resume to go on.")
    else:
        show(shrunk.comparison, say)
        say(f'{shrunk.bundle}: ready. Try: tingshuo say "你好" --voice {shrunk.bundle} -o hello.wav')


def show(comparison: "Comparison", say: Callable[[str], None]) -> None:
    """Print a comparison as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"On {comparison.subject}", title_justify="left")
    table.add_column("figure")
    for column in ("before", "after", "ratio"):
        table.add_column(column, justify="right")
    for row in comparison.rows:
        label = f"{row.label}, {row.unit}" if row.unit else row.label
        before, ratio = "-", ""
        if row.before is not None:
            before = f"{row.before:.{row.digits}f}"
            ratio = f"{row.after / row.before:.2f}" if row.before else ""
        table.add_row(label, before, f"{row.after:.{row.digits}f}", ratio)
    console = Console(width=max(Console().width, 110))
    with console.capture() as capture:
        console.print(table)
    say(capture.get().rstrip())
    for note in comparison.notes:
        say(note)


def _config(size: str, sizes: list[str], texts: int | None) -> "DistillConfig":
    with train_extra():
        from tingshuo.train.distill import DistillConfig
    exact: dict[str, int] = {}
    for setting in sizes:
        name, equals, value = setting.partition("=")
        if not equals or not value.isdecimal():
            raise RequestError(f"--set {setting}: must be a size=number, such as decoder_hidden=288", "set")
        exact[name] = int(value)
    config = DistillConfig(size=size, sizes=exact)
    return config if texts is None else config.replace(texts=texts)


def _refuse(asked: Mapping[str, object], teacher: Path) -> None:
    """Refuse what is for imported voices alone."""
    if asked:
        name = OPTIONS[next(iter(asked))]
        raise RequestError(
            f"{name} is for imported voices; a student of {teacher.name}, which Tingshuo trained, keeps its speakers, styles, "
            "licence and vocoder",
            name.removeprefix("--"),
        )


def _imported_config(config: "DistillConfig") -> "ImportedConfig":
    from tingshuo.train.imported_config import ImportedConfig

    return ImportedConfig(size=config.size, sizes=config.sizes, texts=config.texts)
