"""docs/train.md tells what the code does."""

import re
from pathlib import Path

import pytest
import typer
import yaml

pytest.importorskip("torch")

from tingshuo.app.cli.verbs import app
from tingshuo.port.vocoders import FAMILIES
from tingshuo.train.config import PRESETS, STAGES, check_config, read_config
from tingshuo.train.generator import vocoder_sizes

pytestmark = pytest.mark.train

PAGE = (Path(__file__).parents[2] / "docs" / "train.md").read_text("utf-8")


def rows(heading):
    """The cells of a table, by its first line."""
    table = PAGE[PAGE.index(heading) :].lstrip().split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split(" |")] for line in table.splitlines()[2:]]


def test_every_stage_is_explained():
    assert [re.findall(r"`(\w+)`", row[0]) for row in rows("| `stages` |")] == [[stage] for stage in STAGES]


def test_the_presets_are_those_of_the_code():
    table = {row[0].strip("` "): row[1:] for row in rows("| 预设")}
    assert table.keys() == set(PRESETS)
    for preset, (stages, steps, vocoder) in table.items():
        config = read_config(preset)
        assert stages.split(", ") == list(config.stages)
        assert steps.split(", ") == [str(config.loop_of(stage).steps) for stage in config.stages]
        assert re.findall(r"`(\w+)`", vocoder) == ([config.vocoder.family] if "vocoder" in config.stages else [])


def test_families_and_sizes_are_those_of_the_code():
    table = {row[0].strip("` "): re.findall(r"`(\w+)`", row[-1]) for row in rows("\n| `vocoder.family` |")}
    assert table == {"base": [], **{name: list(family.sizes) for name, family in FAMILIES.items()}}


def test_the_settings_that_are_shown_are_accepted():
    config, published = (
        check_config(yaml.safe_load(text), "docs/train.md") for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    )
    assert published.bundle.speakers
    assert vocoder_sizes(config.vocoder, config.features.mel) is not None
    keys = set(re.findall(r"`((?:loop|vocoder|joint|features)\.[\w.]+)`", PAGE))
    assert len(keys) > 8
    for key in keys:
        value = config
        for name in key.split("."):
            value = getattr(value, name)


def test_the_commands_have_only_options_that_exist():
    verb = typer.main.get_command(app).commands["train"]
    known = {option for parameter in verb.params for option in (*parameter.opts, *parameter.secondary_opts)}
    commands = re.findall(r"tingshuo train (.*?)(?:  +#.*)?$", PAGE, re.MULTILINE)
    assert len(commands) >= 6
    assert {word for command in commands for word in command.split() if word.startswith("-")} <= known
    settings = [setting for command in commands for setting in re.findall(r'--set ([\w.]+="[^"]*"|[\w.]+=\S+)', command)]
    assert settings
    read_config(settings=[setting.replace('"', "") for setting in settings])
