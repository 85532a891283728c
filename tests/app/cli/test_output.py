"""Reports for machines."""

import json

from tingshuo.app.cli.output import describe, print_json
from tingshuo.types import SpeechRequest


def test_json_is_readable(capsys):
    print_json({"text": "你好"})
    assert "你好" in capsys.readouterr().out


def test_a_finished_stream_is_described_so_that_json_takes_it(fake_voice):
    stream = fake_voice.speak(SpeechRequest(text="一。二。"))
    for _ in stream:
        pass
    report = json.loads(json.dumps(describe(stream)))
    assert report["duration_s"] == 0.2
    assert report["sentences"][1]["start_s"] == 0.1
    assert report["stages"]["rtf"] == report["rtf"] == 0.01
