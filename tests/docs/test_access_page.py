"""docs/access.md tells what the code does."""

import re
from pathlib import Path

import typer

from tingshuo.app.cli.keys import keys
from tingshuo.app.http.access import MAX_HEADER_BYTES
from tingshuo.app.http.replies import error_code
from tingshuo.errors import AccessError, RateLimitError, TooLargeError, UnauthorizedError, UnknownVoiceError, outcome
from tingshuo.serve.access import audit, gate, limits, sessions
from tingshuo.serve.access.scopes import ROUTES

PAGE = (Path(__file__).parents[2] / "docs" / "access.md").read_text("utf-8")


def test_every_option_of_a_key_is_there():
    verb = typer.main.get_command(keys).commands["add"]
    options = {option for parameter in verb.params for option in parameter.opts if option.startswith("--")}
    assert set(re.findall(r"^\| `(--\w+)` \|", PAGE, re.MULTILINE)) == options - {"--keys", "--json", "--help"}


def test_the_commands_have_only_options_that_exist():
    commands = typer.main.get_command(keys).commands
    found = re.findall(r"^tingshuo keys (\w+)(.*?)(?:  +#.*)?$", PAGE, re.MULTILINE)
    assert {name for name, _ in found} == set(commands)
    for name, arguments in found:
        known = {option for parameter in commands[name].params for option in parameter.opts}
        assert {word for word in arguments.split() if word.startswith("--")} <= known


def test_every_verb_has_its_paths():
    table = PAGE[PAGE.index("| 动词") : PAGE.index("## 克隆")]
    rows = {verb: re.findall(r"`(/[^`]+)`", rest) for verb, rest in re.findall(r"^\| `(\w+)` \|(.*)\|$", table, re.MULTILINE)}
    assert sorted((path, verb) for verb, paths in rows.items() for path in paths) == sorted(ROUTES)


def test_headers_of_the_second_factor_are_there():
    for header in (gate.CODE_HEADER, gate.SECOND_KEY_HEADER, gate.ADMIN_SESSION_HEADER):
        assert f"| `{header}` |" in PAGE


def test_errors_have_the_status_and_code_that_are_documented():
    for error in (AccessError("x"), UnauthorizedError("x"), RateLimitError("x"), TooLargeError("x"), UnknownVoiceError("x")):
        assert f"| {outcome(error).status} | `{error_code(error)}` |" in PAGE


def test_figures_are_those_of_the_code():
    for text in (
        f"最多等 {limits.TIMEOUT_S:g} 秒",
        f"每 {limits.RETRY_S:g} 秒",
        f"{sessions.LIVES_S['browser'] // 3600} 小时",
        f"每分钟最多记 {gate.REFUSED_LINES} 行",
        f"满 {audit.MAX_BYTES >> 20} MB",
        f"留 {audit.KEEP} 个",
        f"超过 {MAX_HEADER_BYTES >> 10} KB",
    ):
        assert text in PAGE
    assert (sessions.LIVES_S["admin"], gate.GUESSES) == (600, 5), "ten minutes, five codes"
