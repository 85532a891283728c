"""docs/listen-live.md tells what the code does, and its client works."""

import re
import sys
from pathlib import Path

import pytest
import soundfile
from tests.app.conftest import serving
from tests.app.http.live_calls import hearing_service
from tests.serve.fake_listener import LoudIsSpeech
from tests.tasks.recognise.chunked import bursts

from tingshuo.app.http import funasr, listen_socket, live_connection
from tingshuo.audio import vad
from tingshuo.serve import live
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.recognise import utterance
from tingshuo.tasks.recognise.live import LiveSession
from tingshuo.tasks.recognise.transcribe import MOST_TEXTS
from tingshuo.tasks.voices import find_voice

PAGE = (Path(__file__).parents[2] / "docs" / "listen-live.md").read_text("utf-8")
CLIENT, LOCAL = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(autouse=True)
def loud_is_speech(monkeypatch):
    monkeypatch.setattr(vad, "SpeechNet", LoudIsSpeech)


def test_the_client_hears(tmp_path, monkeypatch, capsys):
    soundfile.write(tmp_path / "a.wav", bursts(3, 8000), 8000)
    monkeypatch.setattr(sys, "argv", ["client", str(tmp_path / "a.wav")])
    with serving(hearing_service(open_bundle(find_voice("default")))) as client:
        exec(CLIENT.replace("127.0.0.1:7000", f"{client.base_url.host}:{client.base_url.port}"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["session.ready"]
    assert "transcript.partial 嘟嘟嘟" in lines
    assert [line for line in lines if line.startswith("transcript.final 嘟嘟嘟")]
    assert lines[-1].split() == ["transcript.done"]


def test_the_session_in_python_hears(monkeypatch, capsys):
    from tests.tasks.recognise.chunked import chunked

    monkeypatch.setattr("tingshuo.tasks.recognise.find.load_recogniser", chunked)
    exec(LOCAL, {"microphone": [bursts(3, 48000)]})
    assert "嘟嘟嘟" in capsys.readouterr().out
    assert LiveSession.__doc__


def test_every_field_and_message_is_there():
    fields = {
        name for row in re.findall(r"^\| (`[a-z_`, ]+`) \| .* \| .* \|$", PAGE, re.MULTILINE) for name in re.findall(r"\w+", row)
    }
    assert fields == set(listen_socket.ListenConfig.model_fields) - {"type"}
    for message in (
        *listen_socket.MESSAGES,
        *re.findall(r'"((?:session|transcript)\.\w+)"', Path(listen_socket.__file__).read_text()),
    ):
        assert f"`{message}`" in PAGE


def test_defaults_and_limits_are_those_of_the_code():
    defaults = {name: field.default for name, field in listen_socket.ListenConfig.model_fields.items()}
    for name in ("silence_s", "chunk_s", "longest_s", "sample_rate"):
        assert re.search(rf"^\| `{name}` \|.*\| {defaults[name]:g} \|$", PAGE, re.MULTILINE)
    assert f"| {live_connection.MESSAGE_BYTES:,} 字节" in PAGE
    assert f"| {live.LONGEST_S / 3600:g} 小时" in PAGE
    assert f"| {listen_socket.LONGEST_S:g} s |" in PAGE
    assert f"| {live_connection.IDLE_S:g} s 后" in PAGE
    assert f"积到 {live.BUFFER_S:g} 秒" in PAGE
    assert f"往后 {live.AHEAD_S:g} 秒" in PAGE
    assert f"{utterance.FIRST_S:g} 秒或句长的 {utterance.GROWTH:g} 倍" in PAGE
    assert f"不超过整句的 {1 + 1 / utterance.GROWTH:.1f} 倍" in PAGE
    assert f"（{utterance.SECOND_MOST_S:g} 秒以内）" in PAGE
    assert f"`nbest` 最多 {MOST_TEXTS}" in PAGE
    assert f"热词权重 {funasr.HOTWORD:g}" in PAGE
    assert all(f"`{mode}`" in PAGE for mode in funasr.MODES)
