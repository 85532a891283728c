"""``bench``: lines, bounds, JSON; the measuring itself is in `test_figures`."""

import json

import pytest

from tingshuo.app.cli import figures
from tingshuo.app.cli.bench import line
from tingshuo.app.cli.figures import Figure


def test_a_line_tells_value_bounds_and_circumstances():
    text = line(Figure("RTF, int8", 0.005, "", 0.02, 0.0066, "10 s of speech"))
    assert text.split() == ["RTF,", "int8", "0.005", "kept:", "at", "most", "0.02,", "aim", "0.0066", "10", "s", "of", "speech"]
    assert "MISSED: at most 1.3" in line(Figure("cold start", 1.5, "s", 1.3))
    assert "most" not in line(Figure("RTF, fp32", 0.01, ""))


@pytest.fixture
def measured(monkeypatch):
    monkeypatch.setattr(figures, "speed", lambda *_: iter([Figure("RTF, fp32", 0.01, "")]))
    monkeypatch.setattr(figures, "cold_start", lambda *_: Figure("cold start", 1.0, "s", 1.3))

    def server(_: str, requests: int, on_request):
        for _ in range(requests):
            on_request()
        yield Figure("peak memory of the server", 200, "MB", 300)

    monkeypatch.setattr(figures, "server_figures", server)


def test_all_figures_are_printed(tingshuo, measured):
    done = tingshuo("bench")
    assert done.code == 0
    assert [text.split()[0] for text in done.text.splitlines()] == ["RTF,", "cold", "peak"]


def test_for_machines(tingshuo, measured):
    report = json.loads(tingshuo("bench", "--json").out)
    assert report["figures"][1] == {"name": "cold start", "value": 1.0, "unit": "s", "limit": 1.3, "aim": None, "detail": ""}


def test_numbers_of_runs_are_checked(tingshuo):
    assert tingshuo("bench", "--requests", 0).code == 2
