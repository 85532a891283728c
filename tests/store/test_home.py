from pathlib import Path

import pytest

from tingshuo.store.home import home


def test_home_is_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    assert home() == tmp_path


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_home_is_in_the_users_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str | None) -> None:
    monkeypatch.delenv("TINGSHUO_HOME", raising=False)
    if value is not None:
        monkeypatch.setenv("TINGSHUO_HOME", value)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home() == tmp_path / ".local/share/tingshuo"
