"""``train lm`` stands beside ``train``, teaches, tells how good it is, and searches."""

import json

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from tests.train.phrases import CONFIG, phrases, write_phrases

pytestmark = pytest.mark.train


@pytest.fixture
def given(tmp_path):
    """Texts and a file of settings."""
    import yaml

    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(CONFIG.replace(loop=CONFIG.loop.replace(steps=6, evaluate_every=3)).fields()), "utf-8")
    return write_phrases(tmp_path / "phrases.txt"), path


def test_a_model_is_taught_and_measured(tingshuo, given, tmp_path):
    texts, config = given
    back = tmp_path / "back.txt"
    back.write_text(phrases()[0], "utf-8")
    line = ("train", "lm", texts, "-o", tmp_path / "run", "--keep-back", back)
    done = tingshuo(
        "train", "lm", texts, "-o", tmp_path / "run", "--config", config, "--steps", "4", "--keep-back", back, "--json"
    )
    told = json.loads(done.out)
    assert (done.code, told["step"], told["finished"], told["bundle"]) == (0, 4, True, str(tmp_path / "run" / "bundle"))
    assert told["figures"]["perplexity"] > told["figures"]["ngram_perplexity"] > 1
    done = tingshuo(*line, "--steps", "6", "--resume")
    assert done.code == 0, done.err
    assert "Perplexity of a character on sentences held out: " in done.text
    assert f"Try: tingshuo transcribe talk.mp3 --lm {tmp_path / 'run' / 'bundle'}" in done.text


def test_settings_are_searched_for(tingshuo, given, tmp_path):
    texts, config = given
    plan = tmp_path / "plan.yaml"
    plan.write_text("keys: {dropout: {choice: [0.0, 0.5]}}\ntrials: 2\nsteps: 3\n")
    line = ("train", "lm", texts, "-o", tmp_path / "search", "--config", config, "--search", plan)
    done = tingshuo(*line)
    assert done.code == 0, done.err
    assert done.text.count("trial-00") >= 2
    assert f"Train with them: --config {tmp_path / 'search' / 'best.yaml'}" in done.text
    assert {"trial-000", "trial-001", "report.html", "results.json"} <= {path.name for path in (tmp_path / "search").iterdir()}
    told = json.loads(tingshuo(*line, "--json").out)
    assert [one["steps"] for one in told["trials"]] == [3, 3]
    assert told["trials"][0]["value"] < told["trials"][1]["value"]


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--set", "net.kind=rnn"], 3, "kind"),
        (["--set", 'bundle.licence=""'], 3, "bundle.licence is missing"),
        (["--config", "none.yaml"], 3, "none.yaml: cannot be read"),
        (["--search", "none.yaml"], 3, "none.yaml: cannot be read"),
    ],
)
def test_what_cannot_be_is_refused(tingshuo, given, tmp_path, more, code, message):
    texts, config = given
    done = tingshuo("train", "lm", texts, "-o", tmp_path / "run", "--config", config, *more)
    assert (done.code, message in done.err) == (code, True), done.err


def test_it_is_told_beside_train(tingshuo):
    assert "train lm" in tingshuo("train", "--help").text
    assert "--keep-back" in tingshuo("train", "lm", "--help").text
