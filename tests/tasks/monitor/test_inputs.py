import json

import numpy as np
import pytest

from tingshuo.audio.write import write
from tingshuo.errors import DataError
from tingshuo.tasks.monitor.inputs import Inputs, compare_inputs, plain, read_inputs
from tingshuo.tasks.monitor.statistics import spread_out

rng = np.random.default_rng(0)


def test_requests_of_a_log(tmp_path):
    lines = [{"text": "你好", "user": 7}, {"audio": "a.wav"}, {"text": "再见", "audio": "/b.wav"}]
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n\n", "utf-8")
    found = read_inputs(path)
    assert found.texts == ("你好", "再见")
    assert [row.audio for row in found.rows] == [str(tmp_path / "a.wav"), "/b.wav"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"text": "好"}\n{', "line 2: is not JSON"),
        ("[1]", "line 1: must be a JSON object"),
        ('{"text": 3}', "line 1: must have text, audio or both, as strings"),
        ('{"words": "好"}', "line 1: must have text"),
        ('{"text": ""}', "line 1: must have text"),
        ("\n", "holds no request"),
    ],
)
def test_what_is_no_request_is_refused_with_its_line(tmp_path, content, words):
    path = tmp_path / "log.jsonl"
    path.write_text(content, "utf-8")
    with pytest.raises(DataError, match=words):
        read_inputs(path)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_inputs(tmp_path / "none.jsonl")
    (tmp_path / "gbk.jsonl").write_bytes('{"text": "你好"}'.encode("gbk"))
    with pytest.raises(DataError, match="is not UTF-8"):
        read_inputs(tmp_path / "gbk.jsonl")


def taught(n=400):
    return spread_out({"sentence_characters": rng.integers(4, 14, n).astype(float).tolist()})


def asked(lengths):
    return Inputs(tuple("好" * int(length) + "。" for length in lengths), ())


def test_the_same_kind_of_texts_is_steady():
    (one,) = compare_inputs(taught(), asked(rng.integers(3, 13, 200))).found
    assert one.verdict == "steady"
    assert one.psi < one.by_chance
    assert one.p > 0.01
    assert one.n == (400, 200)


def test_longer_sentences_are_an_alarm():
    found = compare_inputs(taught(), asked(rng.integers(20, 40, 200)))
    (one,) = found.alarms
    assert one.psi > 0.25
    assert one.p < 1e-6
    assert one.median[1] > one.median[0]
    json.dumps(plain(found), allow_nan=False)
    assert plain(found)["drift"][0]["verdict"] == "alarm"


def test_a_small_change_is_to_be_watched():
    reference = spread_out({"sentence_characters": [float(k) for k in range(3, 13) for _ in range(400)]})
    moved = [k for k in range(2, 12) for _ in range(40 if k < 7 else 95)]
    (one,) = compare_inputs(reference, asked(moved)).found
    assert 0.1 <= one.psi < 0.25
    assert one.verdict == "watch"


def test_few_inputs_are_not_judged():
    (one,) = compare_inputs(taught(), asked([40] * 19)).found
    assert one.verdict == "too few"


def test_recordings_are_compared_and_what_cannot_be_is_said(tmp_path):
    for name, level in (("a", 0.1), ("b", 0.2)):
        tone = level * np.sin(np.arange(16000) * 0.08) * (np.arange(16000) > 4000)
        write(tmp_path / f"{name}.wav", tone.astype(np.float32), 16000)
    (tmp_path / "log.jsonl").write_text('{"audio": "a.wav"}\n{"audio": "b.wav"}\n{"audio": "c.wav"}\n')
    reference = spread_out({"level_db": [-20.0, -21.0], "sentence_characters": [3.0]})
    told = []
    found = compare_inputs(reference, read_inputs(tmp_path / "log.jsonl"), lambda done, total: told.append((done, total)))
    assert [(one.quantity, one.n, one.verdict) for one in found.found] == [("level_db", (2, 2), "too few")]
    assert found.notes[0].startswith("1 recordings cannot be read; the first: ")
    assert "median F0, Hz: not compared, the voice's statistics have none" in found.notes
    assert "characters of a sentence: not compared, the inputs have none" in found.notes
    assert told[-1] == (3, 3)
