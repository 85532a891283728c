"""docs/deploy.md: what it names is there, and what it promises of commands holds."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
LINES = [line.partition(" #")[0] for block in BLOCKS for line in block.splitlines()]


def test_files_and_pages_that_it_names_are_there() -> None:
    named = set(re.findall(r"\bdeploy/[\w./@-]*\w", PAGE)) | {
        f"docs/{name}" for name in re.findall(r"\]\((\w[\w.-]*\.md)\)", PAGE)
    }
    assert len(named) > 12
    made_later = {"deploy/compose/.env", "deploy/compose/secrets"}
    assert not [path for path in named - made_later if not (ROOT / path).exists()]


def test_links_within_the_page_lead_somewhere() -> None:
    titles = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    links = set(re.findall(r"\]\(#([^)]+)\)", PAGE))
    assert len(links) > 3
    assert links <= anchors


def test_every_file_of_deploy_that_one_runs_is_told_of() -> None:
    folders = {"compose", "systemd", "raspberry-pi"}
    scripts = [path for folder in folders for path in (ROOT / "deploy" / folder).iterdir() if path.is_file()]
    scripts = [path for path in scripts if path.read_bytes().startswith(b"#!")]
    assert not [path.name for path in scripts if not re.search(rf"\b{path.name}\b", PAGE)]


@pytest.mark.parametrize("line", [line for line in LINES if re.search(r"\btingshuo (keys|serve|gc)\b", line)])
def test_commands_have_the_options_that_they_are_given(line: str) -> None:
    import typer

    from tingshuo.app.cli.verbs import app

    for words in re.findall(r"\btingshuo ((?:keys|serve|gc)\b[^&|]*)", line):
        command: Any = typer.main.get_command(app)
        rest = shlex.split(words)
        while hasattr(command, "commands"):
            command = command.commands[rest.pop(0)]
        command.make_context(command.name, rest)


def test_settings_of_the_chart_are_there() -> None:
    yaml = pytest.importorskip("yaml")
    values = yaml.safe_load((ROOT / "deploy" / "helm" / "tingshuo" / "values.yaml").read_text("utf-8"))
    rooms = "|".join(name for name, value in values.items() if isinstance(value, dict))
    named = set(re.findall(rf"(?:--set |`)((?:{rooms})\.[a-zA-Z]\w*)(?==|`)", PAGE))
    assert len(named) > 5
    for name in named:
        value: Any = values
        for part in name.split("."):
            value = value[part]


def test_times_are_those_of_the_files() -> None:
    starts = ("compose/compose.yaml", "systemd/tingshuo@.service", "helm/tingshuo/templates/deployment.yaml")
    texts = [(ROOT / "deploy" / name).read_text("utf-8") for name in starts]
    assert [re.search(r"--grace[= ](\d+)", text)[1] for text in texts] == ["10"] * 3
    assert "（`--grace`，这里都是 10 秒）" in PAGE
    deployment = texts[-1]
    seconds = re.search(r"terminationGracePeriodSeconds: (\d+)", deployment)[1]
    assert f"killed after {seconds} s" in PAGE
    assert "OnCalendar=*-*-* 03:30" in (ROOT / "deploy" / "systemd" / "tingshuo-clean.timer").read_text("utf-8")
