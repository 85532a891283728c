"""Profiles: known settings, with which a server can be made; what is said counts more; the page has the same table."""

import re
from pathlib import Path

import pytest

from tingshuo.app.http.profiles import PROFILES, with_profile
from tingshuo.app.http.settings import Settings
from tingshuo.errors import RequestError

PAGE = Path(__file__).parents[3] / "docs" / "scenarios.md"


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_made_of_settings(name):
    settings = Settings(**with_profile(name, {"voice": "mine", "lead": None}))
    assert settings.voice == "mine"
    for key, value in PROFILES[name].items():
        assert getattr(settings, key) == value


def test_what_is_said_counts_more():
    assert with_profile("live", {"lead": 1.5, "chunk": None})["lead"] == 1.5
    assert with_profile("live", {"lead": None})["lead"] == PROFILES["live"]["lead"]
    assert with_profile("live", {"paranoid": False})["paranoid"] is False
    assert with_profile(None, {"voice": "mine", "lead": None}) == {"voice": "mine"}


def test_an_unknown_one_is_refused_with_the_list():
    with pytest.raises(RequestError, match="unknown profile 'fast'; accepted: cloud, game, live, edge"):
        with_profile("fast", {})


def test_the_page_has_the_same_table():
    lines = [line.strip("|").split("|") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    rows = [[re.sub(r"[`*]", "", cell).strip() for cell in line] for line in lines]
    table = {row[0].removeprefix("--").replace("-", "_"): row[1:] for row in rows if row[0].startswith("--")}
    assert rows[0][2:] == list(PROFILES)
    servers = [Settings(), *(Settings(**with_profile(name, {})) for name in PROFILES)]
    for key in {key for profile in PROFILES.values() for key in profile} | table.keys():
        values = [getattr(server, key) for server in servers]
        assert table[key] == ["" if value is None else f"{value:g}" for value in values], key
