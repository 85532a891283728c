"""A server process with the built-in voice: what clients do, what they do wrong, and how it ends."""

import io
import json
import os
import signal
import subprocess
import sys

import httpx
import numpy as np
import pytest
import soundfile

from tingshuo.app.cli.figures import running_server

TEXT = "今天天气真好，我们去公园吧！"


@pytest.fixture(scope="module")
def client():
    with running_server("default") as server:
        connection = server.connection
        with httpx.Client(base_url=f"http://{connection.host}:{connection.port}", timeout=60) as client:
            yield client


def test_a_page_of_twenty_lines_can_speak(client):
    reply = client.post("/api/tts", json={"text": TEXT, "emotion": "happy"}).json()
    wav, rate = soundfile.read(io.BytesIO(client.get(reply["audio_url"]).content))
    assert len(wav) / rate == pytest.approx(reply["duration_s"], abs=0.001)
    assert 0.1 < np.abs(wav).max() < 1
    assert (
        "".join(c["text"] for s in reply["sentences"] for w in s["words"] for c in w["characters"]) == "今天天气真好我们去公园吧"
    )
    assert reply["stages"]["vocoder_ms"] > 0


def test_emotion_and_strength_change_the_speech(client):
    durations = {
        (emotion, strength): client.post("/api/tts", json={"text": TEXT, "emotion": emotion, "strength": strength}).json()[
            "duration_s"
        ]
        for emotion, strength in (("neutral", 1), ("sad", 0), ("sad", 1))
    }
    assert durations["sad", 0] == durations["neutral", 1]
    assert durations["sad", 1] != durations["neutral", 1]


def test_the_first_sentence_comes_before_the_last_is_made(client):
    """A client that stops after the first audio of a long text has not waited for all of it."""
    with client.stream("POST", "/api/tts/stream", json={"text": TEXT * 400}) as reply:
        kinds = []
        for line in reply.iter_lines():
            kinds.append(json.loads(line)["type"])
            if len(kinds) == 4:
                break
    assert kinds[:3] == ["start", "sentence", "audio"]
    for _ in range(1000):
        if client.get("/readyz").json()["active"] == 0:
            return
    pytest.fail("the work for a client that left goes on")


BAD = {
    "empty": ({"text": ""}, 422, "empty"),
    "only punctuation": ({"text": "……！？，。"}, 422, "nothing to speak"),
    "1 MB of text": ({"text": "好" * 350_000}, 413, "1000000 bytes"),
    "control characters": ({"text": "你\x00好"}, 422, "control character, U+0000"),
    "unknown emotion": ({"text": "好", "emotion": "bored"}, 400, "accepted: neutral, happy, sad, angry"),
    "unknown voice": ({"text": "好", "voice": "nobody"}, 404, "accepted: default"),
    "unknown style": ({"text": "好", "style": "nobody"}, 404, "accepted: natural"),
    "speed 0": ({"text": "好", "speed": 0}, 400, "from 0.5 to 2"),
    "malformed SSML": ({"text": "<speak>你好<break"}, 422, "malformed XML"),
    "unknown SSML element": ({"text": "<speak>你<dance/>好</speak>"}, 422, "dance"),
}


@pytest.mark.parametrize("path", ["/api/tts", "/api/tts/stream", "/v1/audio/speech"])
@pytest.mark.parametrize("case", BAD)
def test_bad_input_has_its_status_and_one_sentence(client, path, case):
    body, status, message = BAD[case]
    if path == "/v1/audio/speech":
        body = {"input" if name == "text" else name: value for name, value in body.items()}
    reply = client.post(path, json=body)
    error = reply.json()["error"]
    assert (reply.status_code, message in error["message"]) == (status, True), error
    assert "\n" not in error["message"]


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b'{"text": "\\ud800"}', "application/json", 422),
        (b'{"text": "\xe5\xa5\xbd", "speed": NaN}', "application/json", 400),
        (b'{"text": ', "application/json", 400),
        (b"text=hello", "application/x-www-form-urlencoded", 415),
        (b"x" * 1_100_000, "application/json", 413),
    ],
)
def test_bad_bodies(client, content, media_type, status):
    reply = client.post("/api/tts", content=content, headers={"content-type": media_type})
    assert reply.status_code == status
    assert reply.json()["error"]["message"]


def test_nothing_of_a_refused_request_stays(client):
    assert client.get("/readyz").json()["active"] == 0


def test_the_page_and_its_documentation_are_there(client):
    assert "<!doctype html>" in client.get("/").text.lower()
    assert "/v1/audio/speech" in client.get("/docs").text


def test_a_request_to_stop_is_obeyed_after_the_replies_under_way(tmp_path):
    """SIGTERM in the middle of a stream: the stream ends whole, the process with 0, and no files stay."""
    command = [sys.executable, "-m", "tingshuo.app.cli.main", "serve", "--port", "0"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Tingshuo listens on http://127.0.0.1:")
        with httpx.Client(base_url=line.split()[-1], timeout=60) as client:
            while client.get("/readyz").status_code != 200:
                pass
            with client.stream("POST", "/api/tts/stream", json={"text": TEXT * 5}) as reply:
                lines = reply.iter_lines()
                kinds = [json.loads(next(lines))["type"]]
                assert len(list(tmp_path.glob("tingshuo-*"))) == 1
                process.send_signal(signal.SIGTERM)
                kinds += [json.loads(line)["type"] for line in lines]
        _, complaint = process.communicate(timeout=60)
    assert (kinds[0], kinds[-1]) == ("start", "done")
    assert (process.returncode, complaint) == (0, "")
    assert not list(tmp_path.iterdir())


def test_a_voice_that_is_damaged_stops_the_start_with_one_line(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    command = [sys.executable, "-m", "tingshuo.app.cli.main", "serve", "--port", "0", "--voice", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 9
    assert done.stderr.count("\n") == 1
    assert "schema version" in done.stderr
