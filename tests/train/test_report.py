import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from tingshuo.errors import TrainError
from tingshuo.train import report
from tingshuo.train.report import Sample, alignment_picture, read_samples, save_sample, write_report


def sample(name="clip/1", **changes):
    rng = np.random.default_rng(0)
    fields = {
        "step": 70,
        "sample_rate": 24000,
        "hop_length": 256,
        "caption": "今天 <天气>",
        "phones": ("sil", "t", "ian1"),
        "mel_target": rng.normal(size=(20, 30)).astype(np.float32),
        "mel_predicted": rng.normal(size=(20, 28)).astype(np.float32),
        "f0_target": np.linspace(0, 300, 30, dtype=np.float32),
        "f0_predicted": np.zeros(28, np.float32),
        "durations_target": np.array([5, 5, 20]),
        "durations_predicted": np.array([4, 6, 18]),
        "wav_target": rng.normal(scale=0.1, size=7680).astype(np.float32),
        "wav_predicted": rng.normal(scale=0.1, size=7168).astype(np.float32),
    }
    return Sample(name=name, **fields | changes)


@pytest.fixture
def run(tmp_path):
    lines = [{"step": k, "seconds": k / 2, "epoch": 0, "losses": {"mel": 1 / k}} for k in range(1, 40)]
    lines.append({"step": 39, "seconds": 20, "held_out": {"mel": 0.5}})
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "config.yaml").write_text("loop:\n  rate: 0.1 # <fast>\n")
    return tmp_path


def test_a_sample_comes_back_as_it_was_saved(tmp_path):
    path = save_sample(tmp_path, sample())
    assert path == tmp_path / "samples" / "clip_1.npz"
    (found,) = read_samples(tmp_path)
    for name in Sample.__slots__:
        np.testing.assert_array_equal(getattr(found, name), getattr(sample(), name))


def test_a_sample_of_the_same_name_is_replaced_and_what_is_missing_stays_missing(tmp_path):
    save_sample(tmp_path, sample())
    save_sample(tmp_path, sample(step=90, wav_predicted=None, phones=()))
    (found,) = read_samples(tmp_path)
    assert (found.step, found.wav_predicted, found.phones) == (90, None, ())


def test_a_file_that_is_no_sample_is_passed_over(tmp_path):
    save_sample(tmp_path, sample())
    (tmp_path / "samples" / "bad.npz").write_bytes(b"nothing")
    np.savez(tmp_path / "samples" / "other.npz", x=np.zeros(3))
    assert [found.name for found in read_samples(tmp_path)] == ["clip/1"]


def test_the_page_has_curves_samples_and_config_and_fetches_nothing(run):
    save_sample(run, sample())
    html = write_report(run, events=False).read_text("utf-8")
    assert html.count("<audio") == 2
    assert html.count("<img") == 2
    assert "今天 &lt;天气&gt;" in html
    assert "rate: 0.1 # &lt;fast&gt;" in html
    assert "验证 · held out" in html
    assert "<script" not in html
    assert all(address.startswith("data:") for address in re.findall(r'(?:src|href)="([^"]*)"', html))
    assert set(re.findall(r"https?://[^\"' ]+", html)) == {"http://www.w3.org/2000/svg"}


def test_the_table_has_the_latest_and_the_best(run):
    with (run / "log.jsonl").open("a") as log:
        log.write('{"step": 50, "held_out": {"mel": 0.75}}\n')
    html = write_report(run, events=False).read_text("utf-8")
    row = re.search(r"<tr><td>mel</td>.*?</tr>", html)[0]
    assert re.findall(r">([\d.]+)</td>", row) == ["0.02564", "39", "0.5", "39"]


def test_a_run_that_has_just_begun_gives_a_page(run):
    (run / "log.jsonl").write_text("")
    (run / "config.yaml").unlink()
    assert "0 步 steps" in write_report(run, events=False).read_text("utf-8")


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(TrainError, match="give the folder of a training"):
        write_report(tmp_path)


def test_tensorboard_is_used_where_it_is_installed(run, monkeypatch):
    written = []
    monkeypatch.setattr(report, "write_events", lambda folder, curves: written.append(folder))
    monkeypatch.setattr(report, "find_spec", lambda name: None)
    write_report(run)
    assert written == []
    monkeypatch.setattr(report, "find_spec", lambda name: object())
    write_report(run)
    assert written == [run / "tensorboard"]


def test_the_alignment_has_a_box_for_each_phone_as_long_as_it_lasts():
    root = ElementTree.fromstring(alignment_picture(sample(), width=350))
    boxes = list(root.iter("{http://www.w3.org/2000/svg}rect"))
    assert [round(float(box.get("width"))) for box in boxes] == [50, 50, 200, 40, 60, 180]
    assert "ian1" in "".join(root.itertext())
