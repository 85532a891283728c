"""The command line's reference, made from the verbs themselves: ``python -m tingshuo.app.cli.reference > docs/cli.md``."""

from collections.abc import Iterator

import typer

from tingshuo.app.cli.monitor import ALARM as _ALARM
from tingshuo.app.cli.verbs import app
from tingshuo.errors import OUTCOMES

WIDTH = 100
INTRODUCTION = """\
# Command line

Made from the help texts by `python -m tingshuo.app.cli.reference > docs/cli.md`; a test keeps it current.

Every verb has `--help`. Results go to standard output; warnings, errors and the progress bar of work over a second go to
standard error. An error is one line that begins with `Error:`; `--debug`, anywhere on the line, shows where it came from.
"""
_USAGE, _INTERRUPTED, _TERMINATED = 2, 130, 143


def render() -> str:
    """Return the reference as Markdown."""
    group = typer.main.get_command(app)
    parent = group.context_class(group, info_name="tingshuo", terminal_width=WIDTH, **group.context_settings)
    parts = [INTRODUCTION, f"```\n{_help(group, parent)}\n```\n"]
    for name, verb in group.commands.items():  # type: ignore[attr-defined]
        context = verb.context_class(verb, info_name=name, parent=parent, terminal_width=WIDTH)
        parts.append(f"## {name}\n\n```\n{_help(verb, context)}\n```\n")
        for other, further in getattr(verb, "beside", {}).items():
            context = further.context_class(further, info_name=f"{name} {other}", parent=parent, terminal_width=WIDTH)
            parts.append(f"## {name} {other}\n\n```\n{_help(further, context)}\n```\n")
    parts.append("## Exit codes\n\n| code | meaning |\n|---|---|\n" + "".join(f"{row}\n" for row in _exit_codes()))
    return "\n".join(parts)


def _help(command: object, context: object) -> str:
    text: str = command.get_help(context)  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _exit_codes() -> Iterator[str]:
    meanings: dict[int, list[str]] = {0: ["the work is done"]}
    for error, outcome in OUTCOMES.items():
        first_line = (error.__doc__ or "").splitlines()[0].rstrip(".")
        meanings.setdefault(outcome.exit_code, []).append(first_line[0].lower() + first_line[1:])
    meanings[1] = ["a bug, or the reader of our output has gone"]
    meanings[_ALARM] = ["an alarm of monitor: a figure outside its band, or requests that have moved"]
    meanings[_ALARM].append("diff --worse-than: a figure is worse by more than that")
    meanings[_USAGE].append("an unknown verb or option")
    meanings[_INTERRUPTED] = ["stopped with Ctrl-C"]
    meanings[_TERMINATED] = ["stopped with SIGTERM; 128 and its number for another signal"]
    for code, lines in sorted(meanings.items()):
        yield f"| {code} | {'; '.join(lines)} |"


if __name__ == "__main__":
    typer.echo(render(), nl=False)
