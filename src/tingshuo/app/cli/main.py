"""``tingshuo``: the verbs, and how an error leaves the program.

Every verb's function and its options are imported at start, what it needs is not: ``say`` has to be quick from a cold start.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from tingshuo import __version__
from tingshuo.app.cli.bench import bench
from tingshuo.app.cli.doctor import doctor
from tingshuo.app.cli.say import say
from tingshuo.app.cli.serve import serve
from tingshuo.app.cli.verify import verify
from tingshuo.app.cli.voices import voices
from tingshuo.errors import TingshuoError, outcome

app = typer.Typer(
    name="tingshuo",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for verb in (say, voices, serve, doctor, bench, verify):
    app.command()(verb)


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


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code; errors raised on purpose become one line on stderr.

    Typer itself ends with 130 after Ctrl-C, and quietly with 1 when whoever read our output has gone.
    """
    arguments, debug = _take_debug(arguments)
    try:
        code = app(arguments or ["--help"], prog_name="tingshuo", standalone_mode=False)
    except TingshuoError as error:
        if debug:
            raise
        _say_error(str(error))
        return outcome(error).exit_code
    except typer.TyperException as error:
        _say_error(f"{error.format_message().rstrip('.')}; --help lists what is accepted")
        return error.exit_code
    except Exception as error:
        if debug:
            raise
        _say_error(f"{type(error).__name__}: {error}; this is a bug, --debug shows where")
        return 1
    return code if isinstance(code, int) else 0


def main() -> None:
    """Entry point of the command ``tingshuo``."""
    sys.exit(run(sys.argv[1:]))


def _say_error(message: str) -> None:
    typer.echo(f"Error: {' '.join(message.split())}", err=True)


def _take_debug(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """Take ``--debug`` out, wherever it stands before a ``--``."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    kept = [argument for argument in arguments[:end] if argument != "--debug"]
    return [*kept, *arguments[end:]], len(kept) < end


if __name__ == "__main__":
    main()
