"""docs/cli.md says what the verbs say."""

from pathlib import Path

from tingshuo.app.cli.reference import render
from tingshuo.app.cli.verbs import app

DOCS = Path(__file__).parents[3] / "docs"


def test_the_reference_is_current(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    text = render()
    assert (DOCS / "cli.md").read_text("utf-8") == text, "run python -m tingshuo.app.cli.reference > docs/cli.md"


def test_it_has_every_verb_and_code():
    text = render()
    for command in app.registered_commands:
        assert f"\n## {command.name or command.callback.__name__}\n" in text
    for code in (0, 1, 2, 4, 9, 130):
        assert f"\n| {code} | " in text
