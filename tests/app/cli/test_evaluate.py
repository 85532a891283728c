"""``evaluate``."""

import json

import pytest

from tingshuo.audio.write import write
from tingshuo.data.utterance import Utterance, write_manifest
from tingshuo.errors import EngineNotInstalledError
from tingshuo.tasks import voices
from tingshuo.tasks.evaluate import conclude as module
from tingshuo.train import aligner as aligners
from tingshuo.train import timings


@pytest.fixture
def evaluate(tingshuo, voice, monkeypatch):
    """Run the verb with the built-in voice, and without DNSMOS."""

    def missing():
        raise EngineNotInstalledError("DNSMOS needs the package 'speechmos': pip install tingshuo[evaluate]")

    monkeypatch.setattr(voices, "load", lambda name, **_: voices.find_voice(name) and voice)
    monkeypatch.setattr(module, "Dnsmos", missing)
    return lambda *arguments: tingshuo("evaluate", *arguments)


@pytest.fixture
def corpus(voice, tmp_path):
    texts = {"a": "今天天气很好。", "b": "他去公园散步。", "c": "我们明天开会。"}
    for name, text in texts.items():
        write(tmp_path / f"{name}.wav", voice.synthesize(text, seed=3).wav, voice.sample_rate)
    rows = [Utterance(id=n, audio=f"{n}.wav", text=t, speaker="tan" if n < "c" else "li", split="dev") for n, t in texts.items()]
    write_manifest(tmp_path / "rows.jsonl", rows)
    return tmp_path / "rows.jsonl"


def test_recordings_make_a_table_a_page_and_json(evaluate, corpus, tmp_path):
    done = evaluate("default", "--data", corpus, "--speaker", "tan", "-o", tmp_path / "report")
    assert (done.code, done.err) == (0, "")
    assert "mel-cepstral distance" in done.text
    assert "copy-synthesis" in done.text
    assert "DNSMOS not measured: DNSMOS needs the package 'speechmos': pip install tingshuo[evaluate]." in done.text
    assert "on 2 of rows.jsonl tan, split dev" in done.text
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["evaluation.html", "evaluation.json"]
    assert json.loads((tmp_path / "report" / "evaluation.json").read_text("utf-8"))["n"] == 2


def test_count_draws_the_same_rows_every_time(evaluate, corpus):
    drawn = [[row["id"] for row in json.loads(evaluate("--data", corpus, "--count", 2, "--json").out)["rows"]] for _ in range(2)]
    assert drawn[0] == drawn[1] == sorted(drawn[0])
    assert len(drawn[0]) == 2


def test_texts_from_a_file_and_our_own(evaluate, tmp_path):
    (tmp_path / "lines.txt").write_text("今天天气真好。\n\n请问几点了？\n", "utf-8")
    done = json.loads(evaluate("--texts", tmp_path / "lines.txt", "--style", "lively", "--json").out)
    assert (done["n"], done["style"], done["subject"]) == (2, "lively", "lines.txt")
    own = evaluate("--count", 1)
    assert "on 1 of the built-in sentences" in own.text
    assert "-o FOLDER writes evaluation.html" in own.text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--data", "CORPUS", "--texts", "x.txt"], 2, "exclude each other"),
        (["--data", "CORPUS", "--split", "exam"], 2, "unknown split 'exam'; accepted: train, dev, test"),
        (["--data", "CORPUS", "--split", "test"], 2, "has no row with a text in split 'test'; there are: dev"),
        (["--data", "CORPUS", "--speaker", "wu"], 2, "has no row of 'wu'; its speakers: li, tan"),
        (["--data", "nowhere"], 12, "nowhere: no such file or folder"),
        (["--texts", "nowhere.txt"], 2, "nowhere.txt: cannot be read"),
        (["--texts", "EMPTY"], 2, "holds no text"),
        (["--texts", "GBK"], 2, "is not UTF-8"),
        (["--style", "baroque"], 2, "unknown style 'baroque'"),
        (["--against", "GBK"], 2, "is not an evaluation.json of this version"),
        (["--against", "nobody"], 2, "unknown voice 'nobody'"),
        (["-o", "EMPTY"], 6, "cannot be made"),
        (["nobody"], 2, "unknown voice 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_one_line(evaluate, corpus, tmp_path, arguments, code, words):
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "gbk.txt").write_bytes("今天天气".encode("gbk"))
    places = {"CORPUS": corpus, "EMPTY": tmp_path / "empty.txt", "GBK": tmp_path / "gbk.txt"}
    done = evaluate(*(places.get(argument, argument) for argument in arguments))
    assert done.code == code
    assert words in done.err
    assert done.err.count("\n") == 1


def test_two_voices_side_by_side(evaluate, corpus, tmp_path):
    report = tmp_path / "report"
    first = evaluate("--data", corpus, "--speaker", "tan", "-o", report)
    assert first.code == 0, first.err
    done = evaluate("--data", corpus, "--speaker", "tan", "--against", "default", "-o", report)
    assert done.code == 0, done.err
    assert "Against default " in done.text
    saved = json.loads((report / "evaluation.json").read_text("utf-8"))
    verdicts = {one["verdict"] for one in saved["against"] if one["measure"] != "rtf"}  # the clock's is its own
    assert verdicts == {"same", ""}
    assert "Against default" in (report / "evaluation.html").read_text("utf-8")
    again = evaluate("--data", corpus, "--speaker", "tan", "--against", report / "evaluation.json", "--json")
    assert [one["measure"] for one in json.loads(again.out)["against"]] == [one["measure"] for one in saved["against"]]


def test_the_aligner_of_a_voice_gives_the_recordings_timing(evaluate, corpus, two_speakers, monkeypatch):
    named = []

    def found(aligner, rows, mel, progress):
        named.append((aligner, [row.id for row in rows]))
        return {}

    monkeypatch.setattr(aligners, "bundled_aligner", lambda bundle: bundle.manifest.name if bundle.path == two_speakers else None)
    monkeypatch.setattr(timings, "find_timings", found)
    assert evaluate("--data", corpus, "--aligner", two_speakers, "--json").code == 0
    assert named == [("pair", ["a", "b", "c"])]
    refused = evaluate("--data", corpus, "--aligner", "default")
    assert (refused.code, "the voice 'default' brings no aligner" in refused.err) == (2, True)
    without = json.loads(evaluate("--data", corpus, "--json").out)
    assert any("neither the voice nor the built-in one brings an aligner" in note for note in without["notes"])


def test_texts_by_another_speaker(evaluate):
    refused = evaluate("--count", 1, "--speaker", "wu")
    assert (refused.code, "unknown speaker 'wu' of voice 'default'" in refused.err) == (2, True)


def test_a_recogniser_tells_how_well_the_voice_is_understood(evaluate, tmp_path, monkeypatch):
    from tests.tasks.evaluate.test_ear import Ear

    from tingshuo.tasks.recognise import find

    monkeypatch.setattr(find, "load_recogniser", {"mine": Ear("今天天汽真好")}.__getitem__)
    (tmp_path / "lines.txt").write_text("今天天气真好。\n", "utf-8")
    done = json.loads(evaluate("--texts", tmp_path / "lines.txt", "--ear", "mine", "--json", "-o", tmp_path / "report").out)
    (row,) = done["rows"]
    assert row["heard_as"] == {"speech": "今天天汽真好"}
    assert row["measures"]["speech"]["misheard_characters_pct"] == pytest.approx(100 / 6, abs=1e-4)
    assert row["measures"]["speech"]["misheard_syllables_pct"] == 0
    assert "今天天汽真好" in (tmp_path / "report" / "evaluation.html").read_text("utf-8")
