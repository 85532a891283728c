"""Reports for machines."""

import json

from tingshuo.app.cli.output import describe, print_json
from tingshuo.tasks.labelled import Label, label_speech, labeller_of
from tingshuo.types import SpeechRequest


def test_json_is_readable(capsys):
    print_json({"text": "你好"})
    assert "你好" in capsys.readouterr().out


def test_a_finished_stream_is_described_so_that_json_takes_it(fake_voice):
    request = SpeechRequest(text="一。二。")
    stream = fake_voice.speak(request)
    labeller = labeller_of(fake_voice, stream, request, Label())
    for _ in label_speech(stream, labeller):
        pass
    report = json.loads(json.dumps(describe(stream, labeller)))
    assert report["duration_s"] == 1.75
    assert (report["label"]["form"], report["label"]["start_s"], report["label"]["end_s"]) == ("rhythm", 0.2, 1.75)
    assert report["sentences"][1]["start_s"] == 0.1
    assert report["stages"]["rtf"] == report["rtf"] == 0.01
