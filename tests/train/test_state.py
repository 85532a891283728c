"""A training that was kept with a version goes on to the same last bit as if it had never been saved."""

import json
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest

torch = pytest.importorskip("torch")

from tests.store.conftest import FIELDS, FILES  # noqa: E402
from tests.train.toy import IDENTITY, Toy  # noqa: E402

from tingshuo.errors import BundleError, OutputError, RegistryError, TrainError  # noqa: E402
from tingshuo.store.bundle import write_bundle  # noqa: E402
from tingshuo.store.registry import Registry  # noqa: E402
from tingshuo.store.saving import save  # noqa: E402
from tingshuo.train.checkpoint import load_checkpoint  # noqa: E402
from tingshuo.train.config import read_config, write_config  # noqa: E402
from tingshuo.train.loop import fit  # noqa: E402
from tingshuo.train.run_folder import check_run  # noqa: E402
from tingshuo.train.state import check_recordings, resume_from, state_of  # noqa: E402

pytestmark = pytest.mark.train

CONFIG = read_config(
    "tiny",
    settings=["loop.steps=9", "loop.schedule=constant", "loop.evaluate_every=3", "stages=[acoustic]", "loop.checkpoint_every=5"],
)
LOOP = CONFIG.loop_of("acoustic")


class Killed(BaseException):
    """The process is gone."""


def taught(run, killed_at=None, resume=False):
    """Train the toy in a run folder."""

    def watch(seen):
        if seen.step == killed_at:
            raise Killed

    (run / "acoustic").mkdir(parents=True, exist_ok=True)
    with nullcontext() if killed_at is None else pytest.raises(Killed):
        fit(Toy(), run / "acoustic", LOOP, IDENTITY, resume=resume, watch=watch)
    return run


@pytest.fixture
def run(tmp_path):
    """A run that was killed after five of nine steps, the third being the best so far, and everything that a run has."""
    folder = taught(tmp_path / "run", 5)
    write_config(folder, CONFIG)
    (tmp_path / "a.wav").touch()
    (folder / "data.jsonl").write_text(json.dumps({"id": "a", "audio": str(tmp_path / "a.wav"), "text": "你好"}) + "\n")
    (folder / "skipped.jsonl").touch()
    (folder / "voice.json").write_text("{}")
    for name in ("cache/features-1/wav.i16", "acoustic/samples/a.npz", "tensorboard/acoustic/events", "report.html", "lock"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("sound")
    write_bundle(folder / "bundle", FIELDS, FILES)
    return folder


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "registry")


def test_it_goes_on_to_the_same_last_bit(run, registry, tmp_path):
    record = save(registry, run / "bundle", state=state_of(run)).record
    assert resume_from(registry, "tiny", tmp_path / "again") == record
    assert check_run(tmp_path / "again", CONFIG, True) == CONFIG
    taught(tmp_path / "again", resume=True)
    taught(run, resume=True)
    whole = taught(tmp_path / "whole")
    for name in ("last", "best"):
        (ours, state), (gone_on, _), (theirs, expected) = (
            load_checkpoint(folder / "acoustic", name) for folder in (tmp_path / "again", run, whole)
        )
        assert state.step == expected.step
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) and torch.equal(gone_on[key], theirs[key]) for key in theirs)
    logs = [(folder / "acoustic/log.jsonl").read_text().splitlines() for folder in (tmp_path / "again", whole)]
    ours, theirs = ([json.loads(line) | {"seconds": 0} for line in lines] for lines in logs)
    assert ours == theirs, "the log goes on where it was"


def test_what_was_kept_is_as_it_was_when_the_run_has_gone_on(run, registry, tmp_path):
    save(registry, run / "bundle", state=state_of(run))
    taught(run, resume=True)
    resume_from(registry, "tiny@1.0.0", tmp_path / "again")
    assert load_checkpoint(tmp_path / "again/acoustic")[1].step == 5


def test_a_state_holds_no_sound_and_nothing_that_is_made_again(run):
    state = state_of(run)
    steps = {link.removeprefix("acoustic/checkpoints/"): target for link, target in state.links.items()}
    assert steps == {"last": "step-00000005", "best": "step-00000003"}
    checkpoints = {
        f"acoustic/checkpoints/{step}/{name}" for step in steps.values() for name in ("tensors.safetensors", "state.json")
    }
    assert set(state.files) == checkpoints | {"config.yaml", "data.jsonl", "skipped.jsonl", "voice.json", "acoustic/log.jsonl"}


def test_without_a_state_it_is_said_which_versions_have_one(run, registry, tmp_path):
    save(registry, run / "bundle")
    with pytest.raises(RegistryError, match=r"tiny@1\.0\.0 was saved without the state of its training.*save RUN --state keeps"):
        resume_from(registry, "tiny", tmp_path / "again")
    save(registry, run / "bundle", state=state_of(run))
    with pytest.raises(RegistryError, match=r"versions with one: 1\.0\.1"):
        resume_from(registry, "tiny@1.0.0", tmp_path / "again")
    with pytest.raises(RegistryError, match="no version of 'nobody'"):
        resume_from(registry, "nobody", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_folder_that_holds_something_is_left_alone(run, registry):
    save(registry, run / "bundle", state=state_of(run))
    with pytest.raises(OutputError, match="is not empty"):
        resume_from(registry, "tiny", run)


def test_a_damaged_checkpoint_is_noticed_before_it_is_read(run, registry, tmp_path):
    saved = save(registry, run / "bundle", state=state_of(run), now=datetime(2026, 3, 1, tzinfo=UTC))
    path = saved.path.parent / "state/acoustic/checkpoints/step-00000005/state.json"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b'"step": 5', b'"step": 6'))
    with pytest.raises(BundleError, match=r"state\.json: is damaged, its SHA-256 is not"):
        resume_from(registry, "tiny", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_folder_that_is_no_training_has_no_state(run, tmp_path):
    for folder in (run / "bundle", tmp_path):
        with pytest.raises(TrainError, match="holds no training that could go on"):
            state_of(folder)
    (run / "data.jsonl").unlink()
    with pytest.raises(TrainError, match="holds no training that could go on"):
        state_of(run)


def test_recordings_that_are_gone_are_named(run, tmp_path):
    check_recordings(run)
    (tmp_path / "a.wav").unlink()
    with pytest.raises(TrainError, match=r"a\.wav: is missing, one of 1 of 1 recordings; .* go on with -o .*run --resume"):
        check_recordings(run)
