"""``tingshuo``: where the program begins, and how errors and signals leave it.

Whatever is imported, is imported inside: Ctrl-C in the first tenth of a second is no reason for a traceback either.
"""

import signal
import sys
from collections.abc import Sequence

_INTERRUPTED = 130
_SIGNALLED = 128
"""By custom, a program that a signal ended exits with this and the signal's number."""


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code; errors raised on purpose become one line on stderr.

    Typer itself ends with 130 after Ctrl-C, and quietly with 1 when whoever read our output has gone.
    """
    import typer

    from tingshuo.app.cli.verbs import app
    from tingshuo.errors import TingshuoError, outcome

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
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores the second
                signal.signal(number, _leave)
        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _leave(number: int, _: object) -> None:
    """Leave as after Ctrl-C, so that what was half written is removed."""
    sys.exit(_SIGNALLED + number)


def _say_error(message: str) -> None:
    import typer

    typer.echo(f"Error: {' '.join(message.split())}", err=True)


def _take_debug(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """Take ``--debug`` out, wherever it stands before a ``--``."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    kept = [argument for argument in arguments[:end] if argument != "--debug"]
    return [*kept, *arguments[end:]], len(kept) < end


if __name__ == "__main__":
    main()
