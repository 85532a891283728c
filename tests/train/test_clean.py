"""What goes can be made again: nothing that a resumed training needs, and nothing outside the run."""

import os

import pytest

torch = pytest.importorskip("torch")

from tests.train.toy import IDENTITY, Toy  # noqa: E402

from tingshuo.errors import OutputError, TrainError  # noqa: E402
from tingshuo.train.checkpoint import load_checkpoint  # noqa: E402
from tingshuo.train.clean import find_temporary, remove  # noqa: E402
from tingshuo.train.config import read_config  # noqa: E402
from tingshuo.train.loop import fit  # noqa: E402

pytestmark = pytest.mark.train

LOOP = read_config("tiny", settings=["loop.schedule=constant", "loop.evaluate_every=3"]).loop_of("acoustic")
KEPT = ("config.yaml", "data.jsonl", "skipped.jsonl", "voice.json", "report.html", "bundle/manifest.json", "bundle/.x.partial")
TEMPORARY = {
    "acoustic/checkpoints/step-00000001/tensors.safetensors": "older checkpoint",
    "acoustic/checkpoints/.step-00000002.x.partial/tensors.safetensors": "half written",
    "acoustic/.log.jsonl.7.partial": "half written",
    "acoustic/samples/a.npz": "preview",
    ".bundle.x.partial/weights/a": "half written",
    ".bundle.x.old/weights/a": "half written",
    "cache/features-1/wav.i16": "features, computed again when needed",
    "cache/features-2.partial/journal": "features, computed again when needed",
}
EVENTS = "tensorboard/acoustic/events"


def taught(folder, steps, resume=False):
    folder.mkdir(parents=True, exist_ok=True)
    fit(Toy(), folder, LOOP.replace(steps=steps), IDENTITY, resume=resume)


def write(run, *names):
    for name in names:
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_bytes(b"12345")


@pytest.fixture
def run(tmp_path):
    """A run of five steps, and around it everything that can lie in a run."""
    taught(tmp_path / "run/acoustic", 5)
    write(tmp_path / "run", *KEPT, *TEMPORARY, EVENTS)
    return tmp_path / "run"


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}


def test_all_that_is_temporary_goes_and_nothing_else(run):
    before = files(run)
    found = find_temporary(run)
    assert {one.path: one.kind for one in found} == {
        (run / name if name.count("/") == 0 or name.startswith("acoustic/samples") else (run / name).parent): kind
        for name, kind in TEMPORARY.items()
        if not name.startswith((".bundle", "acoustic/.log"))
    } | {run / name: "half written" for name in (".bundle.x.partial", ".bundle.x.old", "acoustic/.log.jsonl.7.partial")}
    assert [one.n_bytes for one in found] == [5] * len(TEMPORARY)
    assert files(run) == before, "finding removes nothing"
    remove(found)
    assert files(run) == before - set(TEMPORARY)
    assert find_temporary(run) == ()


def test_tensorboard_goes_only_when_everything_shall(run):
    remove(find_temporary(run))
    (only,) = find_temporary(run, everything=True)
    assert (only.path, only.kind) == (run / "tensorboard/acoustic", "TensorBoard")


def test_a_cleaned_run_goes_on_to_the_same_last_bit(run, tmp_path):
    best, _ = load_checkpoint(run / "acoustic", "best")
    remove(find_temporary(run, everything=True))
    assert all(torch.equal(best[key], value) for key, value in load_checkpoint(run / "acoustic", "best")[0].items())
    taught(run / "acoustic", 9, resume=True)
    taught(tmp_path / "whole", 9)
    (ours, state), (theirs, expected) = (load_checkpoint(folder) for folder in (run / "acoustic", tmp_path / "whole"))
    assert (state.step, state.best) == (expected.step, expected.best)
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


def test_checkpoints_stay_where_the_last_one_is_lost(run):
    (run / "acoustic/checkpoints/last").unlink()
    assert not [one for one in find_temporary(run) if one.kind == "older checkpoint"]


@pytest.mark.parametrize("name", ["cache", "acoustic/samples", "acoustic", "acoustic/checkpoints", "tensorboard"])
def test_links_are_not_followed(run, tmp_path, name):
    outside = tmp_path / "outside"
    (run / name).rename(outside)
    (run / name).symlink_to(outside)
    before = files(outside)
    remove(find_temporary(run, everything=True))
    assert files(outside) == before
    assert (run / name).is_symlink()


def test_a_link_among_what_goes_goes_alone(run, tmp_path):
    write(tmp_path, "outside/a")
    (run / "cache/features-3").symlink_to(tmp_path / "outside")
    (run / "cache/features-1/more").symlink_to(tmp_path / "outside")
    remove(find_temporary(run))
    assert not os.path.lexists(run / "cache/features-3")
    assert files(tmp_path / "outside") == {"a"}


def test_what_is_no_run_is_refused(run, tmp_path):
    for folder in (tmp_path, run / "bundle", run / "acoustic", tmp_path / "nowhere"):
        with pytest.raises(TrainError, match="is no folder of a training"):
            find_temporary(folder)


def test_what_cannot_be_removed_is_said(run, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    found = find_temporary(run)
    monkeypatch.setattr("tingshuo.train.clean.shutil.rmtree", refuse)
    with pytest.raises(OutputError, match=r"cannot be removed: Permission denied"):
        remove(found)
