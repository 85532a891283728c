"""The same request makes the same bytes at every door."""

import base64
import json

import httpx
import pytest

from tingshuo.app.cli.figures import running_server
from tingshuo.app.cli.main import run
from tingshuo.audio.label.field import AigcField
from tingshuo.audio.label.files import read_label
from tingshuo.audio.label.labelling import LabelSettings, label_wav
from tingshuo.audio.write import write

TEXT = "今天是二〇二六年，天气真好！我们去公园吧。"
CONTROLS = {"emotion": "happy", "strength": 1.2, "speed": 1.1, "pitch": -1.5, "volume": -3, "style": "lively", "seed": 7}
FILES = ("wav", "flac", "pcm", "mp3", "opus")


@pytest.fixture(scope="module")
def client():
    with running_server("default") as server:
        connection = server.connection
        with httpx.Client(base_url=f"http://{connection.host}:{connection.port}", timeout=60) as client:
            yield client


@pytest.fixture
def say(capfdbinary):
    """The command, run in this process; returns what it wrote to standard output."""

    def say(*arguments: object) -> bytes:
        options = [part for name, value in CONTROLS.items() for part in (f"--{name}", value)]
        assert run([str(argument) for argument in ("say", TEXT, *options, *arguments)]) == 0
        return capfdbinary.readouterr().out

    return say


@pytest.mark.parametrize("form", FILES)
def test_files_are_equal(client, say, tmp_path, form):
    say("-o", tmp_path / f"out.{form}")
    reply = client.post("/api/tts", json={"text": TEXT, "format": form} | CONTROLS)
    audio = client.get(reply.json()["audio_url"])
    assert audio.content == (tmp_path / f"out.{form}").read_bytes()
    assert len(audio.content) > 5000


@pytest.mark.parametrize("form", ["wav", "pcm", "mp3"])
def test_streams_are_equal(client, say, form):
    piped = say("-o", "-", "--format", form)
    streamed = client.post("/v1/audio/speech", json={"input": TEXT, "response_format": form} | CONTROLS)
    assert streamed.content == piped
    assert len(piped) > 5000


def test_the_stream_of_lines_is_the_file(client, say, tmp_path):
    body = client.post("/api/tts/stream", json={"text": TEXT} | CONTROLS).text
    events = [json.loads(line) for line in body.splitlines()]
    pcm = b"".join(base64.b64decode(event["pcm16"]) for event in events if event["type"] == "audio")
    say("-o", tmp_path / "out.wav")
    assert pcm == (tmp_path / "out.wav").read_bytes().partition(b"data")[2][4:]


def test_python_is_a_door_too_whose_samples_are_bare(client, voice, tmp_path):
    speech = voice.synthesize(TEXT, **CONTROLS)
    speech.save(tmp_path / "out.pcm")
    reply = client.post("/api/tts", json={"text": TEXT, "format": "pcm"} | CONTROLS)
    assert client.get(reply.json()["audio_url"]).content == (tmp_path / "out.pcm").read_bytes()
    wav, _ = label_wav(speech.wav, speech.sample_rate, LabelSettings())
    labelled = client.post("/api/tts", json={"text": TEXT} | CONTROLS).json()
    field = AigcField.from_json(json.dumps(read_label(client.get(labelled["audio_url"]).content).elements))
    write(tmp_path / "out.wav", wav, speech.sample_rate, field=field)
    assert client.get(labelled["audio_url"]).content == (tmp_path / "out.wav").read_bytes()
