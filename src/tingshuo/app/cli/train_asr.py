"""``tingshuo train asr``: from recordings and their texts to a recogniser."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tingshuo.app.cli.distill import train_extra
from tingshuo.app.cli.progress import Stages
from tingshuo.errors import RequestError

if TYPE_CHECKING:
    from tingshuo.train.distributed import World
    from tingshuo.train.told import Taught

KEYWORDS, HYBRID, DEFAULT = "keywords", "hybrid", "listener"
NAMES = {
    "features": "Features",
    "align": "Aligning",
    "teach": "Teaching",
    "realign": "Aligning again",
    "reteach": "Teaching again",
    "language": "Words",
    "publish": "Publishing",
}
_TOLD_BY = {"threshold": KEYWORDS, "offsets": HYBRID}
"""Settings that one kind of training alone has, which tell its folder from that of another."""


def train_asr(
    data: Annotated[list[Path], typer.Argument(help="Recordings: any layout that `tingshuo data` reads; several become one.")],
    run: Annotated[Path, typer.Option("--output", "-o", help="Folder of the training; the recogniser becomes RUN/bundle.")],
    preset: Annotated[
        str | None,
        typer.Option(
            help="listener, a day; digits, minutes; hybrid, the classic road; keywords, single words on a small device."
        ),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="YAML with settings; they win over the preset's.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="One setting, section.key=value; may be repeated, wins over all.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Train for so many steps.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted training, with its settings.")] = False,
    from_bundle: Annotated[
        str | None,
        typer.Option("--from", help="Begin with this recogniser, a name or a bundle's folder, of the family conformer."),
    ] = None,
    kind: Annotated[
        str, typer.Option(help="Layout: aishell3, baker, folder, kaldi, ljspeech, manifest or pack; auto finds it.")
    ] = "auto",
    part: Annotated[list[str] | None, typer.Option(help="Only this part of a corpus of several; may be repeated.")] = None,
    search: Annotated[
        Path | None, typer.Option(help="YAML of settings to try, see docs/search.md; RUN becomes the folder of the search.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what came of it as JSON.")] = False,
) -> None:
    """Train a recogniser from recordings and their texts.

    It hears syllables with tones, and words that are learnt from the texts write them; --set units=characters hears characters
    without that. The finished recogniser is a bundle that `transcribe`, `verify` and `optimize` take. The preset hybrid takes the
    classic road, states of phones and their alignment (docs/recipes/classic-asr.md); a recogniser of the preset keywords tells
    single words apart (docs/keywords.md). Ctrl-C saves and ends; --resume goes on. The manifest
    needs three statements: bundle.licence, bundle.consent, bundle.data_statement. Needs the train extra. Several processes:
    torchrun --nproc-per-node=2 --no-python tingshuo train asr ...

    Example:

      tingshuo train asr recordings -o run --config statements.yaml

      tingshuo train asr commands -o run --preset digits --config statements.yaml

      tingshuo train asr aishell common_voice -o run --set "shares={common_voice: 0.5}" --config statements.yaml

      tingshuo train asr mine -o tuned --from run/bundle --steps 2000 --set loop.rate=0.0003 --config statements.yaml

      tingshuo train asr recordings -o run --resume
    """
    with train_extra():
        from tingshuo.train.distributed import join
    told, path = list(settings or ()), config
    if steps is not None:
        told += [f"loop.steps={steps}", "loop.minutes=null"]
    if resume and preset is None and path is None:
        preset, path = _begun(run)
    preset = preset or DEFAULT
    _refuse(preset, data, from_bundle, kind, part)

    def teach(more: list[str], folder: Path, going_on: bool, world: "World") -> "Taught":
        if preset == KEYWORDS:
            return _train_keywords(data[0], folder, path, more, going_on)
        if preset == HYBRID:
            return _train_hybrid(data[0], folder, path, more, kind, part or [], going_on, world)
        return _train(data, folder, preset, path, more, from_bundle, kind, part or [], going_on, world)

    if search is not None:
        from tingshuo.app.cli.train_search import search_settings
        from tingshuo.train.distributed import World

        search_settings(search, run, lambda more, trial, begun: teach(more, trial, begun, World()), path, told, as_json=as_json)
        return
    if preset == KEYWORDS:
        from tingshuo.train.distributed import World

        _report(teach(told, run, resume, World()), run, as_json)
        return
    with join() as world:
        taught = teach(told, run, resume, world)
    if world.leads:
        _report(taught, run, as_json)


def _begun(run: Path) -> tuple[str | None, Path | None]:
    """Return the preset and the settings of a training that is gone on with; nothing where there is none."""
    from tingshuo.train.config import CONFIG_FILE, read_yaml

    path = run / CONFIG_FILE
    if not path.exists():
        return None, None
    known = read_yaml(path)
    return next((preset for key, preset in _TOLD_BY.items() if key in known), DEFAULT), path


def _refuse(preset: str, data: list[Path], from_bundle: str | None, kind: str, part: list[str] | None) -> None:
    """Refuse what a preset cannot have."""
    if preset not in (KEYWORDS, HYBRID):
        return
    if len(data) > 1:
        what = "folder of words; put the words of all into one" if preset == KEYWORDS else "corpus; put all into one manifest"
        raise RequestError(f"the preset {preset} reads one {what}", "data")
    of_layouts = {"--kind": kind != "auto", "--part": part} if preset == KEYWORDS else {}
    for option, given in {"--from": from_bundle, **of_layouts}.items():
        if given:
            raise RequestError(f"{option} is for other recognisers of speech; the preset {preset} cannot take it", option[2:])


def _train_keywords(data: Path, run: Path, path: Path | None, settings: list[str], resume: bool) -> "Taught":
    from tingshuo.train.keywords import train_keywords
    from tingshuo.train.keywords_config import read_keywords_config
    from tingshuo.train.run_folder import BUNDLE

    with Stages(NAMES) as stages:
        chosen = read_keywords_config(path, settings)
        return train_keywords(chosen, data, run / BUNDLE, run=run, resume=resume, tell=stages.tell)


def _train_hybrid(
    data: Path, run: Path, path: Path | None, settings: list[str], kind: str, parts: list[str], resume: bool, world: "World"
) -> "Taught":
    from tingshuo.train.hybrid import train_hybrid
    from tingshuo.train.hybrid_config import read_hybrid_config

    with Stages(NAMES, visible=None if world.leads else False) as stages:
        chosen = read_hybrid_config(path, settings)
        return train_hybrid(chosen, data, run, kind=kind, parts=parts, resume=resume, world=world, tell=stages.tell)


def _train(
    data: list[Path],
    run: Path,
    preset: str,
    path: Path | None,
    settings: list[str],
    from_bundle: str | None,
    kind: str,
    parts: list[str],
    resume: bool,
    world: "World",
) -> "Taught":
    from tingshuo.tasks.recognise.find import find_recogniser
    from tingshuo.train.recogniser import train_recogniser
    from tingshuo.train.recogniser_config import PRESETS, read_recogniser_config

    if preset not in PRESETS:
        raise RequestError(f"unknown preset {preset!r}; accepted: {', '.join((*PRESETS, HYBRID, KEYWORDS))}", "preset")
    chosen = read_recogniser_config(preset, path, settings)
    base = find_recogniser(from_bundle) if from_bundle is not None else None
    with Stages(NAMES, visible=None if world.leads else False) as stages:
        return train_recogniser(
            chosen, data, run, base=base, kind=kind, parts=parts, resume=resume, world=world, tell=stages.tell
        )


def _report(taught: "Taught", run: Path, as_json: bool) -> None:
    """Print how it ended."""
    from tingshuo.app.cli.output import print_json

    skipped, new = getattr(taught, "skipped", 0), getattr(taught, "new_units", ())
    figures = _figures(taught.bundle) if taught.bundle is not None else {}
    if as_json:
        print_json(
            {
                "step": taught.step,
                "finished": taught.finished,
                "best": taught.best,
                "skipped": skipped,
                "new_units": list(new),
                "figures": figures,
                "bundle": str(taught.bundle) if taught.bundle else None,
            }
        )
        return
    if skipped:
        typer.echo(f"{skipped} recordings were left out; {run / 'skipped.jsonl'} says why.", err=True)
    if new:
        typer.echo(f"{len(new)} units are new to the recogniser it began with: {_some(new)}.", err=True)
    if taught.bundle is None:
        typer.echo(f"Interrupted and saved at step {taught.step}; add --resume to go on.")
        return
    if figures:
        typer.echo("Of what was held out: " + ", ".join(f"{name} {value:.4f}" for name, value in figures.items()))
    typer.echo(f"{taught.bundle}: ready. " + _next(taught.bundle))


def _figures(bundle: Path) -> dict[str, Any]:
    """Return what was measured of the graphs in float32."""
    from tingshuo.store.manifest import read_manifest

    measured = read_manifest(bundle).measured
    return next((dict(one.figures) for one in measured if one.precision == "fp32"), {})


def _next(bundle: Path) -> str:
    from tingshuo.store.manifest import read_manifest
    from tingshuo.tasks.recognise.hearing import TASK

    if read_manifest(bundle).task == TASK:
        return f"Try: tingshuo transcribe recording.wav --model {bundle}"
    return "docs/keywords.md tells how words are heard with it."


def _some(units: tuple[str, ...], most: int = 12) -> str:
    return " ".join(units[:most]) + (" ..." if len(units) > most else "")
