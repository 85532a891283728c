"""Bundles are found by name, the user's own before those that are built in."""

import pytest

from tingshuo.store.named import is_name, named_bundles


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "/a"])
def test_a_path_is_no_name(text):
    assert not is_name(text)
    assert is_name("anna-2")


def test_own_bundles_come_first_and_other_folders_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    for place in ("own/b", "own/a", "built_in/a"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "manifest.json").write_text("{}")
    (tmp_path / "own" / "none").mkdir()
    found = [(name, path.parent.name) for name, path in named_bundles(tmp_path / "own", tmp_path / "built_in")]
    assert found == [("a", "own"), ("b", "own"), ("a", "built_in")]
    assert not [*named_bundles(tmp_path / "nowhere", tmp_path / "nothing")]
