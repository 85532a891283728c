import json

import pytest

torch = pytest.importorskip("torch")

from tingshuo.app.cli.main import run  # noqa: E402
from tingshuo.tasks.voices import find_voice  # noqa: E402
from tingshuo.train import state, voice  # noqa: E402
from tingshuo.train.config import LOOPS, STAGES, read_config, write_config  # noqa: E402
from tingshuo.train.run_folder import Learnt  # noqa: E402
from tingshuo.train.voice import Trained  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture
def asked(monkeypatch):
    """What the training is asked for, instead of training."""
    calls = []

    def train_voice(data, folder, config, base, **how):
        for stage in ("check", "acoustic", "vocoder", "joint", "publish"):
            how["tell"](stage, 0.5, "step 3")
        calls.append({"data": data, "config": config, "base": base, **how})
        learnt = (Learnt("acoustic", 7, True, 0.5), Learnt("vocoder", 3, how["resume"], None))
        return Trained(learnt, 2, folder / "bundle" if how["resume"] else None)

    monkeypatch.setattr(voice, "train_voice", train_voice)
    return calls


def test_it_trains_with_the_preset_and_the_built_in_vocoder(asked, tmp_path, capsys):
    assert run(["train", "recordings", "-o", str(tmp_path), "--preset", "tiny", "--set", "loop.rate=0.5", "--steps", "9"]) == 0
    [call] = asked
    config = call["config"]
    assert config.loop.rate == 0.5
    assert [config.loop_of(stage).steps for stage in STAGES] == [9, 9, 9]
    assert (call["base"].name, call["from_base"]) == ("default", False)
    out, err = capsys.readouterr()
    assert "Stages: acoustic, vocoder, joint.\n" in err
    assert "Interrupted and saved at step 3 of stage vocoder; add --resume" in out
    assert "2 recordings were left out" in err


def test_from_a_voice_it_learns_from_few_sentences(asked, tmp_path, capsys):
    assert run(["train", "recordings", "-o", str(tmp_path), "--from", "default"]) == 0
    assert asked[0]["from_base"]
    assert asked[0]["config"] == read_config("few_shot")
    assert "Stages: acoustic. The vocoder stays that of default.\n" in capsys.readouterr().err


def test_a_resumed_training_has_the_settings_that_it_was_begun_with(asked, tmp_path, capsys):
    write_config(tmp_path, read_config("small", settings=["loop.rate=0.25"]))
    assert run(["train", "recordings", "-o", str(tmp_path), "--resume", "--steps", "99", "--json"]) == 0
    assert asked[0]["config"] == read_config("small", settings=["loop.rate=0.25", *(f"{loop}.steps=99" for loop in LOOPS)])
    assert json.loads(capsys.readouterr().out) == {
        "stages": {"acoustic": {"step": 7, "best": 0.5}, "vocoder": {"step": 3, "best": None}},
        "finished": True,
        "skipped": 2,
        "notes": [],
        "bundle": str(tmp_path / "bundle"),
    }


def test_a_stage_may_be_trained_alone(asked, tmp_path):
    assert run(["train", "recordings", "-o", str(tmp_path), "--only", "joint", "--only", "vocoder"]) == 0
    assert asked[0]["config"].stages == ("vocoder", "joint")


def test_it_says_which_net_stays_as_it_is(asked, tmp_path, capsys):
    assert run(["train", "recordings", "-o", str(tmp_path), "--only", "vocoder", "--from", "default"]) == 0
    assert "Stages: vocoder. The acoustic model stays that of default.\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--set", "loop.stepz=3"], 3, "unknown key 'loop.stepz'; accepted in loop: steps"),
        (["--preset", "huge"], 3, "unknown preset 'huge'; accepted: tiny"),
        (["--config", "missing.yaml"], 3, "missing.yaml: cannot be read"),
        (["--only", "vocodr"], 2, "--only vocodr: there is no such stage; accepted: acoustic, vocoder, joint"),
        ([], 3, "bundle.licence is missing"),
        (["--from", "nobody"], 2, "nobody"),
    ],
)
def test_mistakes_are_one_line(tmp_path, capsys, more, code, message):
    assert run(["train", str(tmp_path), "-o", str(tmp_path / "run"), *more]) == code
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err


def test_clean_stands_beside_it_and_a_folder_of_that_name_is_still_recordings(asked, tmp_path, capsys):
    assert run(["train", "--help"]) == 0
    out = capsys.readouterr().out
    assert "--resume-from" in out
    assert "tingshuo train clean" in out
    assert run(["train", "clean", "--help"]) == 0
    assert "--dry-run" in capsys.readouterr().out
    assert run(["train", "clean", str(tmp_path)]) == 13
    assert run(["train", "./clean", "-o", str(tmp_path), "--preset", "tiny"]) == 0
    assert str(asked[0]["data"]) == "clean"


@pytest.fixture
def laid_out(monkeypatch):
    """What is laid into the run folder, instead of a state: its settings."""
    monkeypatch.setattr(state, "check_recordings", lambda folder: None)

    def resume_from(registry, reference, folder):
        folder.mkdir()
        write_config(folder, read_config("small", settings=[f"bundle.name={reference}"]))

    monkeypatch.setattr(state, "resume_from", resume_from)


def test_a_training_that_was_saved_goes_on_in_a_new_folder(asked, laid_out, tmp_path, capsys):
    new = tmp_path / "new"
    assert run(["train", "recordings", "-o", str(new), "--resume-from", "anna", "--steps", "9"]) == 0
    assert asked[0]["resume"]
    assert asked[0]["config"] == read_config("small", settings=["bundle.name=anna", *(f"{loop}.steps=9" for loop in LOOPS)])
    assert run(["train", "recordings", "-o", str(new), "--resume-from", "anna", "--resume"]) == 2
    assert "--resume and --resume-from exclude each other" in capsys.readouterr().err


def test_a_version_without_its_training_is_said(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    assert run(["save", str(find_voice("default")), "--name", "anna"]) == 0
    assert run(["train", "recordings", "-o", str(tmp_path / "new"), "--resume-from", "anna"]) == 14
    assert "was saved without the state of its training" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
