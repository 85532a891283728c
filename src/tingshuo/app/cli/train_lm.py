"""``tingshuo train lm``: from files of text to a language model that has a say in what a recogniser heard."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tingshuo.app.cli.progress import Stages

if TYPE_CHECKING:
    from tingshuo.train.told import Taught

NAMES = {"read": "Reading", "teach": "Teaching", "publish": "Writing the bundle"}


def train_lm(
    texts: Annotated[list[Path], typer.Argument(help="Files of text, a sentence a line; of a .tsv the last column.")],
    run: Annotated[Path, typer.Option("--output", "-o", help="Folder of the training; the model becomes RUN/bundle.")],
    keep_back: Annotated[
        list[Path] | None,
        typer.Option(help="Texts by which recognisers are judged, which it must not know; may be repeated."),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="YAML with settings.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="One setting, such as net.kind=transformer; may be repeated, wins over all.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Teach for so many steps; 3000 without it.")] = None,
    search: Annotated[
        Path | None, typer.Option(help="YAML of settings to try, see docs/search.md; RUN becomes the folder of the search.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted training, with its settings.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what came of it as JSON.")] = False,
) -> None:
    """Train a language model of characters from texts.

    An LSTM, or with --set net.kind=transformer a causal transformer, learns which character follows which. A share of the
    sentences is held out: half of it chooses what is published, the other half judges it, beside an n-gram model of the same
    texts. The manifest needs two statements: bundle.licence and bundle.data_statement. Ctrl-C saves and ends; --resume goes on.
    Needs the train extra. Several processes or graphics cards: torchrun --nproc-per-node=2 --no-python tingshuo train lm ...

    Example:

      tingshuo train lm sentences.txt -o lm --set bundle.licence=CC-BY-4.0 --set bundle.data_statement="our own letters"

      tingshuo transcribe talk.mp3 --lm lm/bundle

      tingshuo train lm sentences.txt -o search --search plan.yaml --config statements.yaml
    """
    from tingshuo.app.cli.distill import train_extra

    with train_extra():
        from tingshuo.train.config import CONFIG_FILE
        from tingshuo.train.distributed import join
        from tingshuo.train.language_model import train_language_model
        from tingshuo.train.language_model_config import read_language_model_config

    back = tuple(keep_back or ())
    if search is not None:
        from tingshuo.app.cli.train_search import search_settings

        def teach(more: list[str], trial: Path, begun: bool) -> "Taught":
            return train_language_model(read_language_model_config(config, more), texts, trial, kept_back=back, resume=begun)

        search_settings(search, run, teach, config, settings or (), as_json=as_json)
        return
    if resume and config is None and (run / CONFIG_FILE).exists():
        config = run / CONFIG_FILE
    length = [] if steps is None else [f"loop.steps={steps}", "loop.minutes=null"]
    wanted = read_language_model_config(config, [*(settings or ()), *length])
    with join() as world:
        with Stages(NAMES, visible=None if world.leads else False) as stages:
            taught = train_language_model(wanted, texts, run, kept_back=back, resume=resume, world=world, tell=stages.tell)
        if world.leads:
            _report(taught, as_json)


def _report(taught: "Taught", as_json: bool) -> None:
    """Print how it ended, and how good it is on texts that were held out."""
    from tingshuo.app.cli.output import print_json
    from tingshuo.store.manifest import read_manifest

    measured = read_manifest(taught.bundle).measured if taught.bundle is not None else ()
    figures = measured[0].figures if measured else {}
    if as_json:
        print_json(
            {
                "step": taught.step,
                "finished": taught.finished,
                "bundle": str(taught.bundle) if taught.bundle else None,
                "figures": figures,
            }
        )
        return
    if taught.bundle is None:
        typer.echo(f"Interrupted and saved at step {taught.step}; add --resume to go on.")
        return
    if figures:
        beside = f"{figures['ngram_perplexity']:g} of n-grams of the same texts"
        typer.echo(f"Perplexity of a character on sentences held out: {figures['perplexity']:g}; {beside}.")
    typer.echo(f"{taught.bundle}: ready. Try: tingshuo transcribe talk.mp3 --lm {taught.bundle}")
