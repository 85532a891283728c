"""``evaluate`` of a recogniser."""

import json
from pathlib import Path

import pytest
from tests.tasks.evaluate.fake_recogniser import FakeRecogniser, corpus

from tingshuo.app.cli.evaluate_recogniser import read_noise
from tingshuo.data.utterance import write_manifest
from tingshuo.errors import RequestError
from tingshuo.store.manifest import MANIFEST
from tingshuo.tasks.recognise import find
from tingshuo.tasks.voices import find_voice

RECOGNISERS = {"fifth": FakeRecogniser(), "half": FakeRecogniser(lost=2), "perfect": FakeRecogniser(lost=99, others={})}


@pytest.fixture
def rows(tmp_path):
    write_manifest(tmp_path / "rows.jsonl", corpus(tmp_path))
    return tmp_path / "rows.jsonl"


@pytest.fixture
def evaluate(tingshuo, tmp_path, monkeypatch):
    """Run the verb where bundles called as above hear as above."""
    for name in RECOGNISERS:
        told = json.loads((find_voice("default") / MANIFEST).read_text("utf-8")) | {"task": "asr", "name": name}
        (tmp_path / name).mkdir()
        (tmp_path / name / MANIFEST).write_text(json.dumps(told), "utf-8")
    monkeypatch.setattr(find, "load_recogniser", lambda bundle: RECOGNISERS[Path(bundle).name])
    monkeypatch.setattr(find, "BUILT_IN", tmp_path / "built_in")
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: tingshuo("evaluate", *arguments)


def test_a_table_a_page_and_json(evaluate, rows, tmp_path):
    done = evaluate("asr", "fifth", "--data", rows, "-o", tmp_path / "report")
    assert (done.code, done.err) == (0, "")
    assert "on 3 of rows.jsonl, split dev, form plain" in done.text
    assert "27.27 [" in done.text
    assert "Confidence: 84.4 % sure, 88.9 % right" in done.text
    assert "There are 2 speakers only" in done.text
    assert "Written: " in done.text
    saved = json.loads((tmp_path / "report" / "evaluation.json").read_text("utf-8"))
    assert (saved["recogniser"], saved["n"], saved["rates"][0]["deletions"]) == ("fifth", 3, 4)
    page = (tmp_path / "report" / "evaluation.html").read_text("utf-8")
    assert page.count("<audio") == 3


def test_the_bundle_says_what_it_is(evaluate, rows):
    one, other = (json.loads(evaluate(*words, "fifth", "--data", rows, "--json").out) for words in ((), ("asr",)))
    assert one["rates"] == other["rates"]
    assert "-o FOLDER writes evaluation.html" in evaluate("fifth", "--data", rows, "--speaker", "li", "--beam", 2).text
    assert RECOGNISERS["fifth"].beams[-1] == 2


def test_a_recogniser_is_found_by_name(evaluate, rows, tmp_path):
    (tmp_path / "built_in").mkdir()
    (tmp_path / "perfect").rename(tmp_path / "built_in" / "perfect")
    assert json.loads(evaluate("perfect", "--data", rows, "--json").out)["recogniser"] == "perfect"
    found = json.loads(evaluate("asr", "fifth", "--data", rows, "--versus", "perfect", "--json").out)
    assert found["against"][0]["verdict"] == "worse"


def test_two_recognisers_side_by_side(evaluate, rows, tmp_path):
    done = evaluate("fifth", "--data", rows, "--versus", "half", "-o", tmp_path / "report", "--add-noise", "10,0")
    assert done.code == 0, done.err
    assert "Against half " in done.text
    assert "noise at 10 dB" in done.text
    saved = json.loads((tmp_path / "report" / "evaluation.json").read_text("utf-8"))
    assert saved["against"][0]["verdict"] == "better"
    assert [one["noise_db"] for one in saved["noise"]] == [10, 0]
    assert "Against half" in (tmp_path / "report" / "evaluation.html").read_text("utf-8")
    again = evaluate("perfect", "--data", rows, "--against", tmp_path / "report" / "evaluation.json", "--json")
    against = json.loads(again.out)["against"][0]
    assert (against["old"], against["new"], against["better"]) == (pytest.approx(6 / 22), 0, 1)


def test_single_words_are_told(evaluate, tmp_path, monkeypatch):
    texts = {f"{k}": ("开灯", "关灯")[k % 2] for k in range(8)}
    (tmp_path / "words").mkdir()
    write_manifest(tmp_path / "words.jsonl", corpus(tmp_path / "words", texts))
    monkeypatch.setitem(RECOGNISERS, "fifth", FakeRecogniser(list(texts.values()), others={"关": "开"}))
    done = evaluate("fifth", "--data", tmp_path / "words.jsonl")
    assert "As single words: accuracy 50.00 %, macro F1 33.33 %, 2 classes." in done.text


def test_one_unreadable_clip_is_told_and_is_not_the_end(evaluate, rows, tmp_path):
    (tmp_path / "b.wav").write_bytes(b"no sound")
    done = evaluate("fifth", "--data", rows)
    assert done.code == 0
    assert "1 rows whose recording cannot be read are left out; the first, b:" in done.text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["asr"], 2, "unknown recogniser 'listener'; known: none, or the path of a bundle"),
        (["asr", "default", "--data", "ROWS"], 2, "'default' is of the task tts and does not hear; name a recogniser"),
        (["asr", "nobody", "--data", "ROWS"], 2, "unknown recogniser 'nobody'"),
        (["fifth", "half", "--data", "ROWS"], 2, "name one bundle, not 2"),
        (["fifth"], 2, "fifth is a recogniser, and hears recordings with texts: name them with --data"),
        (["fifth", "--data", "ROWS", "--style", "lively"], 2, "fifth is a recogniser, so there is no --style"),
        (["fifth", "--texts", "ROWS"], 2, "fifth is a recogniser, so there is no --texts"),
        (["default", "--data", "ROWS", "--add-noise", "3"], 2, "default is a voice, so there is no --add-noise"),
        (["fifth", "--data", "ROWS", "--split", "test"], 2, "has no row with a text in split 'test'; there are: dev"),
        (["fifth", "--data", "WORDLESS"], 2, "has no row with a text in split 'dev'; there are: none"),
        (["fifth", "--data", "MARKS"], 12, "no row can be evaluated: its text '，' has no words to compare"),
        (["fifth", "--data", "GONE"], 12, "no row can be evaluated"),
        (["fifth", "--data", "ROWS", "--form", "fine"], 2, "unknown form 'fine'; accepted: written, plain, spoken"),
        (["fifth", "--data", "ROWS", "--add-noise", "20,loud"], 2, "such as 20,10,0, not 'loud'"),
        (["fifth", "--data", "ROWS", "--against", "ROWS"], 2, "is not an evaluation.json of this version and of a recogniser"),
        (["fifth", "--data", "ROWS", "--against", "nobody"], 2, "unknown recogniser 'nobody'"),
        (["fifth", "--data", "ROWS", "--against", "default"], 2, "unknown recogniser 'default'"),
        (["nobody", "--data", "ROWS"], 2, "unknown voice 'nobody'"),
        (["fifth", "--data", "ROWS", "-o", "ROWS"], 6, "cannot be made"),
    ],
)
def test_what_cannot_be_done_is_one_line(evaluate, rows, tmp_path, arguments, code, words):
    own = corpus(tmp_path)
    others = {
        "WORDLESS": [row.replace(text=None) for row in own],
        "MARKS": [row.replace(text="，") for row in own],
        "GONE": [row.replace(start_samples=10**6) for row in own],
    }
    places = {"ROWS": rows}
    for name, content in others.items():
        places[name] = tmp_path / f"{name}.jsonl"
        write_manifest(places[name], content)
    done = evaluate(*(places.get(argument, argument) for argument in arguments))
    assert done.code == code
    assert words in done.err
    assert done.err.count("\n") == 1


def test_what_is_not_alike_is_told_before_the_work(evaluate, rows, tmp_path):
    assert evaluate("fifth", "--data", rows, "-o", tmp_path / "report").code == 0
    before = len(RECOGNISERS["half"].heard)
    done = evaluate("half", "--data", rows, "--speaker", "tan", "--against", tmp_path / "report" / "evaluation.json")
    assert (done.code, "the evaluations are not alike: 3 of rows.jsonl" in done.err) == (12, True)
    assert len(RECOGNISERS["half"].heard) == before


def test_ratios_of_noise():
    assert read_noise(None) == ()
    assert read_noise("20, 10,-5.5") == (20, 10, -5.5)
    for wrong in ("", "nan", "20,", "61"):
        if wrong:
            with pytest.raises(RequestError, match="takes numbers from -60 to 60"):
                read_noise(wrong)


@pytest.mark.train
def test_a_real_bundle_hears(tingshuo, rows, tmp_path, monkeypatch):
    pytest.importorskip("onnx")
    pytest.importorskip("torch")
    from tests.port import tiny_recognisers as tiny

    from tingshuo.port.bundling import write_draft
    from tingshuo.port.convert import graph_recogniser
    from tingshuo.port.convert.sherpa_asr import draft

    monkeypatch.setattr(graph_recogniser, "load", tiny.Voice)
    write_draft(draft(tiny.write(tmp_path / "model", "sense_voice")), tmp_path / "bundle")
    done = tingshuo(
        "evaluate", "asr", tmp_path / "bundle", "--data", rows, "--add-noise", "0", "--against", tmp_path / "bundle", "--json"
    )
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report["n"] == 3
    assert {one["better"] for one in report["against"]} == {0.5}
    assert report["rates"][0]["value"] > 0
