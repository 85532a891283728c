"""``train clean`` shows what would go, asks, and takes no silence for a yes."""

import json

import pytest

pytest.importorskip("torch")

import typer

from tingshuo.train.run_folder import claimed

pytestmark = pytest.mark.train


@pytest.fixture
def run(tmp_path):
    """A run with a megabyte of features."""
    folder = tmp_path / "run"
    (folder / "cache/features-1").mkdir(parents=True)
    (folder / "cache/features-1/wav.i16").write_bytes(b"0" * 1_000_000)
    (folder / "tensorboard").mkdir()
    (folder / "tensorboard/events").write_bytes(b"0")
    for name in ("data.jsonl", "skipped.jsonl", "config.yaml"):
        (folder / name).touch()
    return folder


def there(run):
    return (run / "cache/features-1").exists()


def test_it_lists_and_does_nothing_when_only_asked(tingshuo, run):
    done = tingshuo("train", "clean", run, "--dry-run", stdin=b"")
    assert (done.code, done.err) == (0, "")
    assert done.text.splitlines() == [
        "       1.0 MB  cache/features-1  (features, computed again when needed)",
        "1 temporary, 1.0 MB",
    ]
    assert there(run)


def test_without_a_terminal_it_needs_a_yes(tingshuo, run):
    done = tingshuo("train", "clean", run, stdin=b"y\n")
    assert done.code == 2
    assert "cache/features-1" in done.text
    assert "nothing was removed: there is nobody to ask, so add --yes" in done.err
    assert there(run)
    done = tingshuo("train", "clean", run, "--yes", stdin=b"")
    assert (done.code, done.text.splitlines()[-1]) == (0, "1.0 MB are gone")
    assert not there(run)
    assert tingshuo("train", "clean", run, "--yes").text == f"{run}: holds nothing temporary\n"
    assert "tensorboard/events" in tingshuo("train", "clean", run, "--all", "--yes").text


@pytest.mark.parametrize("answer", [True, False, typer.Abort])
def test_on_a_terminal_it_asks(tingshuo, run, monkeypatch, answer):
    def confirm(*_, **__):
        if answer is typer.Abort:
            raise typer.Abort
        return answer

    monkeypatch.setattr(typer, "confirm", confirm)
    done = tingshuo("train", "clean", run)
    assert done.code == (0 if answer is True else 2)
    assert there(run) is (answer is not True)
    assert ("nothing was removed: you said no" in done.err) is (answer is not True)


def test_machines_are_told_the_same(tingshuo, run):
    row = {"path": "cache/features-1", "kind": "features, computed again when needed", "n_bytes": 1_000_000}
    done = tingshuo("train", "clean", run, "--json")
    assert done.code == 2
    assert json.loads(done.out) == {"removed": False, "temporary": [row], "n_bytes": 1_000_000}
    done = tingshuo("train", "clean", run, "--json", "--yes")
    assert (done.code, json.loads(done.out)["removed"]) == (0, True)
    assert not there(run)


def test_a_run_in_use_and_what_is_no_run_are_left_alone(tingshuo, run, tmp_path):
    with claimed(run):
        done = tingshuo("train", "clean", run, "--yes")
    assert done.code == 13
    assert "is in use" in done.err
    assert there(run)
    done = tingshuo("train", "clean", tmp_path, "--yes")
    assert done.code == 13
    assert "is no folder of a training" in done.err
    assert not (tmp_path / "lock").exists()
