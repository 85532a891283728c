"""docs/evaluate-asr.md tells what the code does."""

import re
from pathlib import Path

import typer

from tingshuo.app.cli.verbs import app
from tingshuo.tasks.evaluate.classification import FEWEST_OF_EACH, MOST_TEXTS
from tingshuo.tasks.evaluate.recogniser import RATES
from tingshuo.text.metrics import FORMS

PAGE = (Path(__file__).parents[2] / "docs/evaluate-asr.md").read_text("utf-8")


def test_every_rate_and_form_is_explained():
    explained = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert explained == [*RATES, *FORMS]


def test_the_commands_have_only_options_that_exist():
    verb = typer.main.get_command(app).commands["evaluate"]
    known = {option for parameter in verb.params for option in (*parameter.opts, *parameter.secondary_opts)}
    commands = re.findall(r"^tingshuo evaluate (.*?)(?:  +#.*)?$", PAGE, re.MULTILINE)
    assert len(commands) == 6
    assert {word for command in commands for word in command.split() if word.startswith("-")} <= known


def test_the_example_of_single_words_runs(capsys):
    example = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    exec(example, {})
    assert capsys.readouterr().out.startswith("0.5 Interval(low=0.0, high=1.0) ")


def test_limits_are_those_of_the_code():
    assert f"不超过 {MOST_TEXTS} 种" in PAGE
    assert f"at most {MOST_TEXTS} texts" in PAGE
    assert f"至少 {FEWEST_OF_EACH} 条" in PAGE
    assert FEWEST_OF_EACH == 3
