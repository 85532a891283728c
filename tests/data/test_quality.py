"""A corpus with one fault of each kind: found, counted, left out; the rest is untouched."""

import json

import numpy as np
import pytest
import soundfile

from tingshuo.data.quality import check_text, inspect
from tingshuo.data.utterance import Utterance


@pytest.fixture
def rows(tmp_path, write_wav):
    texts = "今天天气真好 你吃饭了吗 我们一起走吧 他在看书呢 明天早上见 请坐下来吧 谢谢你们 一共十块钱 小猫睡着了".split()
    return [
        Utterance(id=f"r{k}", audio=str(write_wav(tmp_path / f"{k}.wav")), text=text, split="dev" if k == 8 else "train")
        for k, text in enumerate(texts)
    ]


def test_a_good_corpus_has_no_findings(rows):
    report = inspect(rows)
    assert not report.findings
    assert report.usable() == rows
    assert report.syllables["r0"] == 6
    assert report.duration_s == pytest.approx(9 * 0.8)
    assert len(report.measures) == 9


def test_faults_are_found_counted_and_left_out(rows, tmp_path, write_wav):
    nan = np.zeros(8000, np.float32)
    nan[5] = np.nan
    faulty = [
        Utterance(id="missing", audio=str(tmp_path / "none.wav"), text="你好"),
        Utterance(id="empty", audio=str(write_wav(tmp_path / "empty.wav", nan[:0])), text="你好"),
        Utterance(id="nan", audio=str(write_wav(tmp_path / "nan.wav", nan, subtype="FLOAT")), text="你好"),
        Utterance(id="silent", audio=str(write_wav(tmp_path / "silent.wav", np.zeros(8000, np.float32))), text="你们好"),
        Utterance(id="marks", audio=str(write_wav(tmp_path / "marks.wav")), text="……！"),
        Utterance(id="copy", audio=rows[0].audio, text="另外一句话", split="dev"),
        Utterance(id="again", audio=str(write_wav(tmp_path / "again.wav")), text="今天天气真好。"),
        Utterance(id="mute", audio=str(write_wav(tmp_path / "mute.wav"))),
        Utterance(id="french", audio=str(write_wav(tmp_path / "french.wav")), text="Bonjour", lang="fr"),
    ]
    seen = []
    report = inspect([*rows, *faulty], lambda done, total: seen.append((done, total)))
    kinds = {(f.kind, f.id) for f in report.findings}
    assert kinds >= {
        ("unreadable", "missing"),
        ("unreadable", "empty"),
        ("unreadable", "nan"),
        ("silent", "silent"),
        ("unspeakable", "marks"),
        ("leakage", "copy"),
        ("same_text", "again"),
        ("no_text", "mute"),
        ("no_text", "french"),
    }, kinds
    assert set(report.bad) == {"missing", "empty", "nan", "silent", "marks"}
    assert report.counts["unreadable"] == 3
    assert [row.id for row in report.usable()] == [*(row.id for row in rows), "copy", "again", "mute", "french"]
    assert seen[-1] == (18, 18)
    assert report.syllables["french"] == 2


def test_the_report_is_plain_json(rows, tmp_path):
    report = inspect([*rows, Utterance(id="missing", audio=str(tmp_path / "none.wav"))])
    fields = json.loads(json.dumps(report.fields()))
    assert (fields["rows"], fields["usable"], fields["speakers"]) == (10, 9, 1)
    assert fields["sample_rates"] == {"16000": 9}
    assert fields["splits"] == {"train": 9, "dev": 1}
    assert fields["percentiles"]["duration_s"]["50"] == pytest.approx(0.8)
    assert fields["findings"][0]["kind"] == "unreadable"


def test_nothing_readable_is_still_a_report(tmp_path):
    report = inspect([Utterance(id="a", audio=str(tmp_path / "none.wav"))])
    assert report.usable() == []
    assert report.fields()["percentiles"] == {}


def test_an_upsampled_corpus_gets_its_bandwidth(tmp_path, rows):
    from tingshuo.audio.resample import resample

    wide = []
    for row in rows:
        wav, _ = soundfile.read(row.audio, dtype="float32")
        path = tmp_path / f"wide-{row.id}.wav"
        soundfile.write(path, resample(wav, 16000, 48000), 48000, subtype="FLOAT")
        wide.append(row.replace(audio=str(path)))
    wide[0] = wide[0].replace(bandwidth_hz=7000.0)
    report = inspect(wide)
    assert report.counts["narrow"] == 1
    found = [row.bandwidth_hz for row in report.usable()]
    assert found[0] == 7000, "what a row says is kept"
    assert found[1:] == pytest.approx([8000] * 8, abs=800)


def test_a_mix_of_rates_is_told(rows, tmp_path, write_wav):
    other = Utterance(id="other", audio=str(write_wav(tmp_path / "other.wav", rate=24000)), text="另外的话")
    assert inspect([*rows, other]).counts["rates"] == 1


def test_a_text_whose_pinyin_does_not_fit_is_doubtful():
    row = Utterance(id="a", audio="x.wav", text="你好", pinyin="ni3 hao3 ma5")
    count, [found] = check_text(row)
    assert (count, found.kind) == (2, "text")
    assert "3 syllables" in found.why
