"""docs/evaluate.md tells what the code does."""

import re
from pathlib import Path

import typer

from tingshuo.app.cli.verbs import app
from tingshuo.tasks.evaluate.figures import KINDS, MEASURES

PAGE = (Path(__file__).parents[2] / "docs/evaluate.md").read_text("utf-8")


def test_every_measure_and_kind_is_explained():
    table = PAGE[PAGE.index("## 量什么") : PAGE.index("## 基线")].replace("`_", "`dnsmos_")
    explained = set(re.findall(r"`(\w+)`", table))
    explained |= {name.replace("toneN", f"tone{n}") for name in explained for n in range(1, 5)}
    assert not set(MEASURES) - explained
    assert all(f"{chinese} {english}" in PAGE for chinese, english in KINDS.values())


def test_the_baseline_names_known_measures():
    rows = re.findall(r"^\| `(\w+)` \|.*n=\d+ \|$", PAGE, re.MULTILINE)
    assert len(rows) > 50
    assert set(rows) <= set(MEASURES)


def test_the_commands_have_only_options_that_exist():
    verb = typer.main.get_command(app).commands["evaluate"]
    known = {option for parameter in verb.params for option in (*parameter.opts, *parameter.secondary_opts)}
    commands = re.findall(r"^tingshuo evaluate (.*?)(?:  +#.*)?$", PAGE, re.MULTILINE)
    assert len(commands) >= 6
    assert {word for command in commands for word in command.split() if word.startswith("-")} <= known
