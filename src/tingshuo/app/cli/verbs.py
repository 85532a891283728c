"""The verbs of ``tingshuo``, gathered into one program.

Every verb's function and its options are imported at start, what it needs is not: ``say`` has to be quick from a cold start.
"""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tingshuo import __version__
from tingshuo.app.cli.alias import alias, rollback
from tingshuo.app.cli.bench import bench
from tingshuo.app.cli.data import data
from tingshuo.app.cli.diff import diff
from tingshuo.app.cli.distill import distill
from tingshuo.app.cli.doctor import doctor
from tingshuo.app.cli.env import env
from tingshuo.app.cli.evaluate import evaluate
from tingshuo.app.cli.explain import explain
from tingshuo.app.cli.export import export
from tingshuo.app.cli.forget import forget
from tingshuo.app.cli.gc import gc
from tingshuo.app.cli.history import history
from tingshuo.app.cli.import_ import import_
from tingshuo.app.cli.keys import keys
from tingshuo.app.cli.label import label
from tingshuo.app.cli.list_remote import list_remote
from tingshuo.app.cli.mirror import mirror
from tingshuo.app.cli.monitor import monitor
from tingshuo.app.cli.optimize import optimize
from tingshuo.app.cli.probe import probe
from tingshuo.app.cli.prune import prune
from tingshuo.app.cli.pull import pull
from tingshuo.app.cli.push import push
from tingshuo.app.cli.save import save
from tingshuo.app.cli.say import say
from tingshuo.app.cli.scrub import scrub
from tingshuo.app.cli.seal import seal
from tingshuo.app.cli.serve import serve
from tingshuo.app.cli.sign import sign
from tingshuo.app.cli.train import TrainCommand, train
from tingshuo.app.cli.transcribe import transcribe
from tingshuo.app.cli.unseal import unseal
from tingshuo.app.cli.verify import verify
from tingshuo.app.cli.voices import voices
from tingshuo.errors import RequestError


class Verbs(TyperGroup):
    """A group that names its verbs when it is asked for another."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the verb that the first word names."""
        if args[0] not in self.commands:
            raise RequestError(f"unknown verb {args[0]!r}; accepted: {', '.join(self.commands)}; --help tells more")
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="tingshuo",
    cls=Verbs,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
VERBS = (
    *(say, voices, serve, transcribe, doctor, bench),
    *(data, train, distill, prune, evaluate, explain, monitor),
    *(save, history, diff, alias, rollback, gc, mirror, scrub),
    *(probe, import_, export, optimize, verify, env),
    *(sign, seal, unseal, forget, label, push, pull, list_remote),
)
NAMES = {import_: "import", list_remote: "list"}
"""Verbs whose functions have other names, which Python does not keep for itself."""
for verb in VERBS:
    app.command(NAMES.get(verb), cls=TrainCommand if verb is train else None)(verb)

app.add_typer(keys)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tingshuo {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors; may stand anywhere.")] = False,
) -> None:
    """听说 Tingshuo: Chinese speech from text.

    Example:  tingshuo say "今天天气真好" -o out.wav --emotion happy
    """
