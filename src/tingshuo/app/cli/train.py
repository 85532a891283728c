"""``tingshuo train``: from a folder of recordings to a voice; and ``train asr``, ``train clean`` and ``train lm`` beside it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from tingshuo.app.cli.clean import clean
from tingshuo.app.cli.distill import train_extra
from tingshuo.app.cli.progress import Stages
from tingshuo.app.cli.train_asr import train_asr
from tingshuo.app.cli.train_lm import train_lm
from tingshuo.errors import RequestError

if TYPE_CHECKING:
    from tingshuo.train.config import TrainConfig
    from tingshuo.train.distributed import World
    from tingshuo.train.voice import Trained

DEFAULT_VOICE = "default"
NAMES = {
    "check": "Checking",
    "features": "Features",
    "align": "Aligning",
    "acoustic": "Acoustic model",
    "vocoder": "Vocoder",
    "joint": "Vocoder and decoder",
    "publish": "Publishing",
}


class TrainCommand(TyperCommand):
    """A verb that steps aside for another one when its first word names it; a folder of that name is ``./clean``."""

    @property
    def beside(self) -> Mapping[str, Any]:
        """The verbs that stand beside this one, by their names."""
        verbs: dict[str, Callable[..., None]] = {"asr": train_asr, "clean": clean, "lm": train_lm}
        return {name: _alone(name, verb) for name, verb in verbs.items()}

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read the command line, or let the other verb read it."""
        other = self.beside.get(args[0]) if args else None
        if other is not None:
            return other.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options into the help, and what stands beside this verb."""
        super().format_options(ctx, formatter)
        with formatter.section("Beside it"):
            formatter.write_dl(
                [(f"{ctx.command_path} {name}", other.get_short_help_str(80)) for name, other in self.beside.items()]
            )


def _alone(name: str, verb: Callable[..., None]) -> Any:
    """Return a verb as a command of its own."""
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    alone.command(name)(verb)
    return typer.main.get_command(alone)


def train(
    data: Annotated[Path, typer.Argument(help="Recordings: any layout that `tingshuo data` reads.")],
    run: Annotated[Path, typer.Option("--output", "-o", help="Folder of the training; the voice becomes RUN/bundle.")],
    preset: Annotated[
        str | None, typer.Option(help="tiny, small, default, gpu or few_shot; few_shot with --from, else default.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="YAML with settings; they win over the preset's.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="One setting, section.key=value; may be repeated, wins over all.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Train only this stage: acoustic, vocoder or joint; may be repeated.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Train each stage for so many steps.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted training, with its settings.")] = False,
    resume_from: Annotated[
        str | None, typer.Option(help="Go on, in a new folder, with the training that save --state kept, such as anna@1.2.0.")
    ] = None,
    from_voice: Annotated[
        str | None, typer.Option("--from", help="Begin with this finished voice, a name or a bundle's folder.")
    ] = None,
    kind: Annotated[
        str, typer.Option(help="Layout: aishell3, baker, folder, kaldi, ljspeech, manifest or pack; auto finds it.")
    ] = "auto",
    part: Annotated[list[str] | None, typer.Option(help="Only this part of a corpus of several; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what came of it as JSON.")] = False,
) -> None:
    """Train a voice from recordings and their texts.

    The recordings are checked, aligned and learnt from, stage by stage: the acoustic model, the vocoder, then the vocoder
    together with the acoustic decoder. The finished voice is a bundle that `say`, `serve` and `verify` take. What no stage
    trains is taken from the voice given with --from, else from the built-in voice: few_shot keeps its vocoder, and --only
    vocoder, for which recordings need no texts, its acoustic model. Ctrl-C saves and ends; --resume goes on.
    The manifest needs three statements: bundle.licence, bundle.consent, bundle.data_statement. Needs the train extra.
    Several processes or graphics cards: torchrun --nproc-per-node=2 --no-python tingshuo train ...

    Example:

      tingshuo train recordings -o run --set bundle.licence=CC-BY-4.0 --set bundle.consent="my own voice" --set
      bundle.data_statement="ten minutes of reading"

      tingshuo train twenty_sentences -o mine --from default --config statements.yaml

      tingshuo train recordings -o mine --from default --config statements.yaml --only vocoder

      tingshuo train recordings -o run --resume

      tingshuo train recordings -o again --resume-from anna@1.2.0 --steps 20000
    """
    if resume and resume_from is not None:
        raise RequestError("--resume and --resume-from exclude each other: the first goes on in the same folder", "resume_from")
    going_on = resume or resume_from is not None

    def choose() -> "TrainConfig":
        return _config(run, preset, config, [*(settings or ())], only or [], steps, going_on, from_voice is not None)

    with train_extra():
        from tingshuo.train.distributed import join
    with join() as world:
        if resume_from is not None:
            _lay_out(resume_from, run, world)
        say = None if as_json or not world.leads else typer.echo
        trained = _run(data, run, choose(), from_voice, kind, part or [], going_on, say, world)
    if world.leads:
        _report(trained, run, as_json)


def _plan(config: "TrainConfig", voice: str) -> str:
    """Say what is trained, and what is taken as it is."""
    learning = {"acoustic model": {"acoustic", "joint"}, "vocoder": {"vocoder", "joint"}}
    kept = [net for net, stages in learning.items() if not stages & set(config.stages)]
    return f"Stages: {', '.join(config.stages)}." + "".join(f" The {net} stays that of {voice}." for net in kept)


def _report(trained: "Trained", run: Path, as_json: bool) -> None:
    """Print how it ended."""
    from tingshuo.app.cli.output import print_json

    if as_json:
        print_json(
            {
                "stages": {one.stage: {"step": one.step, "best": one.best} for one in trained.learnt},
                "finished": trained.finished,
                "skipped": trained.skipped,
                "notes": list(trained.notes),
                "bundle": str(trained.bundle) if trained.bundle else None,
            }
        )
        return
    for note in trained.notes:
        typer.echo(f"Note: {note}.", err=True)
    if trained.skipped:
        typer.echo(f"{trained.skipped} recordings were left out; {run / 'skipped.jsonl'} says why.", err=True)
    if trained.bundle is not None:
        typer.echo(f'{trained.bundle}: ready. Try: tingshuo say "你好" --voice {trained.bundle} -o hello.wav')
    elif not trained.finished:
        last = trained.learnt[-1]
        typer.echo(f"Interrupted and saved at step {last.step} of stage {last.stage}; add --resume to go on.")


def _config(
    run: Path,
    preset: str | None,
    path: Path | None,
    settings: list[str],
    only: list[str],
    steps: int | None,
    resume: bool,
    from_voice: bool,
) -> "TrainConfig":
    """Put the config together; a resumed run without a preset or file of its own has that which it was begun with."""
    from tingshuo.train.config import CONFIG_FILE, LOOPS, STAGES, read_config

    for stage in only:
        if stage not in STAGES:
            raise RequestError(f"--only {stage}: there is no such stage; accepted: {', '.join(STAGES)}", "only")
    if only:
        settings = [*settings, f"stages=[{', '.join(only)}]"]
    if steps is not None:
        settings += [setting for loop in LOOPS for setting in (f"{loop}.steps={steps}", f"{loop}.minutes=null")]
    if resume and preset is None and path is None and (run / CONFIG_FILE).exists():
        path = run / CONFIG_FILE
    return read_config(preset or ("few_shot" if from_voice else "default"), path, settings)


def _run(
    data: Path,
    run: Path,
    config: "TrainConfig",
    from_voice: str | None,
    kind: str,
    parts: list[str],
    resume: bool,
    say: Callable[..., None] | None,
    world: "World",
) -> "Trained":
    """Train with a progress bar for each stage."""
    from tingshuo.tasks.voices import find_voice
    from tingshuo.train.voice import train_voice

    names = NAMES | {stage: f"{NAMES[stage]}, {k} of {len(config.stages)}" for k, stage in enumerate(config.stages, 1)}
    with Stages(names, visible=None if world.leads else False) as stages:
        if say is not None:
            say(_plan(config, from_voice or DEFAULT_VOICE), err=True)
        return train_voice(
            data,
            run,
            config,
            find_voice(from_voice or DEFAULT_VOICE),
            from_base=from_voice is not None,
            kind=kind,
            parts=parts,
            resume=resume,
            world=world,
            tell=stages.tell,
        )


def _lay_out(reference: str, run: Path, world: "World") -> None:
    """Lay the state of a training into a new folder; the other processes wait for the first."""
    from tingshuo.store.registry import Registry
    from tingshuo.train.state import check_recordings, resume_from

    if world.leads:
        resume_from(Registry(), reference, run)
        check_recordings(run)
    world.any(False)
