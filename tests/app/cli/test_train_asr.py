"""The verb that trains recognisers: which training it asks for, with which settings, and how it tells what came of it."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tingshuo.app.cli import train_asr as verb
from tingshuo.app.cli.main import run
from tingshuo.train import hybrid, keywords, recogniser
from tingshuo.train.hybrid_config import read_hybrid_config
from tingshuo.train.keywords_config import read_keywords_config
from tingshuo.train.recogniser import TaughtRecogniser
from tingshuo.train.recogniser_config import read_recogniser_config
from tingshuo.train.told import Taught

pytestmark = pytest.mark.train


@pytest.fixture
def asked(monkeypatch):
    """What the trainings are asked for, instead of training."""
    calls = []

    def train_recogniser(config, data, folder, **how):
        for stage in ("features", "teach", "language", "publish"):
            how["tell"](stage, 0.5, "step 3")
        calls.append({"config": config, "data": data, "run": folder, **how})
        return TaughtRecogniser(7, how["resume"], 0.5, folder / "bundle" if how["resume"] else None, 2, ("men2", "yun2"))

    def train_keywords(config, data, destination, **how):
        calls.append({"config": config, "data": data, "destination": destination, **how})
        return Taught(5, False, None)

    def train_hybrid(config, data, folder, **how):
        calls.append({"config": config, "data": data, "run": folder, "hybrid": folder, **how})
        return Taught(5, False, None)

    monkeypatch.setattr(hybrid, "train_hybrid", train_hybrid)
    monkeypatch.setattr(recogniser, "train_recogniser", train_recogniser)
    monkeypatch.setattr(keywords, "train_keywords", train_keywords)
    monkeypatch.setattr(verb, "_figures", lambda bundle: {"cer": 0.0625})
    monkeypatch.setattr(verb, "_next", lambda bundle: "Try: it")
    return calls


def test_corpora_become_one_training_with_a_preset_and_settings(asked, tmp_path, capsys):
    words = ["train", "asr", "a", "b", "-o", str(tmp_path), "--preset", "digits", "--set", "loop.rate=0.5", "--steps", "9"]
    assert run([*words, "--part", "x", "--kind", "pack"]) == 0
    (call,) = asked
    assert call["data"] == [Path("a"), Path("b")]
    assert call["config"] == read_recogniser_config("digits", None, ["loop.rate=0.5", "loop.steps=9"])
    assert (call["base"], call["kind"], call["parts"], call["resume"]) == (None, "pack", ["x"], False)
    out, err = capsys.readouterr()
    assert "Interrupted and saved at step 7; add --resume" in out
    assert "2 recordings were left out" in err
    assert "2 units are new to the recogniser it began with: men2 yun2." in err


def test_a_resumed_training_has_the_settings_that_it_was_begun_with(asked, tmp_path, capsys):
    import yaml

    config = read_recogniser_config("digits", None, ["loop.rate=0.25"])
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config.fields(), allow_unicode=True), "utf-8")
    assert run(["train", "asr", "a", "-o", str(tmp_path), "--resume"]) == 0
    assert asked[0]["config"] == config
    assert f"Of what was held out: cer 0.0625\n{tmp_path / 'bundle'}: ready. Try: it" in capsys.readouterr().out
    assert run(["train", "asr", "a", "-o", str(tmp_path), "--resume", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["step"], told["finished"], told["figures"], told["new_units"]) == (7, True, {"cer": 0.0625}, ["men2", "yun2"])


def test_the_preset_keywords_trains_another_net_in_the_same_folders(asked, tmp_path):
    import yaml

    assert run(["train", "asr", "a", "-o", str(tmp_path), "--preset", "keywords", "--steps", "9"]) == 0
    assert run(["train", "asr", "a", "-o", str(tmp_path)]) == 0
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(read_keywords_config().fields(), allow_unicode=True), "utf-8")
    assert run(["train", "asr", "a", "-o", str(tmp_path), "--resume"]) == 0
    assert [call.get("destination") for call in asked] == [tmp_path / "bundle", None, tmp_path / "bundle"]
    assert asked[0]["config"].loop.steps == 9
    assert asked[0]["run"] == tmp_path


def test_the_preset_hybrid_takes_the_classic_road(asked, tmp_path):
    import yaml

    words = ["train", "asr", "a", "-o", str(tmp_path)]
    assert run([*words, "--preset", "hybrid", "--part", "x", "--steps", "9"]) == 0
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(read_hybrid_config().fields(), allow_unicode=True), "utf-8")
    assert run([*words, "--resume"]) == 0
    assert [call["hybrid"] for call in asked] == [tmp_path, tmp_path]
    assert (asked[0]["parts"], asked[0]["config"].loop.steps, asked[1]["resume"]) == (["x"], 9, True)


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--preset", "huge"], 2, "unknown preset 'huge'; accepted: listener, digits, hybrid, keywords"),
        (["--set", "net.layerz=3"], 3, "layerz"),
        (["--config", "missing.yaml"], 3, "missing.yaml: cannot be read"),
        ([], 3, "bundle.licence is missing"),
        (["--from", "nobody"], 2, "nobody"),
        (["--preset", "keywords", "--from", "x"], 2, "--from is for other recognisers of speech"),
        (["--preset", "keywords", "--part", "x"], 2, "--part is for other recognisers of speech"),
        (["--preset", "keywords", "more"], 2, "the preset keywords reads one folder"),
        (["--preset", "hybrid", "more"], 2, "the preset hybrid reads one corpus; put all into one manifest"),
        (["--preset", "hybrid", "--from", "x"], 2, "--from is for other recognisers of speech"),
    ],
)
def test_mistakes_are_one_line(tmp_path, capsys, more, code, message):
    assert run(["train", "asr", str(tmp_path), "-o", str(tmp_path / "run"), *more]) == code
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err


def test_what_comes_next_and_what_was_measured_are_read_from_the_bundle(tmp_path):
    from tingshuo.tasks.voices import find_voice

    assert "docs/keywords.md" in verb._next(find_voice("default"))
    assert isinstance(verb._figures(find_voice("default")), dict)


@pytest.mark.parametrize("preset", ["digits", "hybrid", "keywords"])
def test_settings_are_searched_for_in_folders_of_their_own(asked, tmp_path, capsys, preset):
    (tmp_path / "plan.yaml").write_text("keys: {loop.rate: {choice: [0.25]}}\ntrials: 1\nsteps: 8\n")
    words = ["train", "asr", "a", "-o", str(tmp_path / "search"), "--preset", preset, "--search", str(tmp_path / "plan.yaml")]
    assert run(words) == 0
    assert "Interrupted; the same command goes on." in capsys.readouterr().out
    (call,) = asked
    assert (call["config"].loop.rate, call["config"].loop.steps, call["resume"]) == (0.25, 8, False)
    assert call["run"] == tmp_path / "search" / "trial-000"
