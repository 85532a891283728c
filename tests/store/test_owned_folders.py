"""Folders with a lock of their process: what killed processes left goes with the next, what is not ours is refused."""

import os

import pytest

from tingshuo.store.owned_folders import make_owned, sweep_owned


def test_what_has_no_lock_any_more_is_removed_and_what_has_stays(tmp_path):
    place = tmp_path / "place"
    (living, one), (dead, other) = make_owned(place), make_owned(place)
    (living / "file").write_bytes(b"1")
    os.close(other)  # as its process would when it is killed
    newest, third = make_owned(place)
    assert sorted(place.iterdir()) == sorted([living, newest])
    assert not dead.exists()
    os.close(third)
    sweep_owned(place)
    assert list(place.iterdir()) == [living]
    os.close(one)


def test_a_place_that_is_open_to_others_is_refused(tmp_path):
    tmp_path.chmod(0o755)
    for use in (make_owned, sweep_owned):
        with pytest.raises(PermissionError, match="not for its owner alone"):
            use(tmp_path)
    sweep_owned(tmp_path / "nowhere")
