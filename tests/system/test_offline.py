"""Speaking tells nobody: the runtime's telemetry is off, and no other server is spoken to."""

import os
import socket
import subprocess
import sys

import pytest

SPEAK = "import tingshuo; tingshuo.load().synthesize('你好')"
BARE = "import onnxruntime; onnxruntime.SessionOptions()"


def traces(code: str, folder) -> list[str]:
    """Run code with an empty home and temporary folder; return the files that appear there."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_", "CI"))}
    environment |= {"HOME": str(folder), "TMPDIR": str(folder)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_the_runtime_leaves_no_session_file(tmp_path):
    (tmp_path / "ours").mkdir()
    assert traces(SPEAK, tmp_path / "ours") == []


def test_the_runtime_would_without_our_setting(tmp_path):
    """If this is skipped, the test above proves nothing with this build."""
    if not traces(BARE, tmp_path):
        pytest.skip("this build of ONNX Runtime has no telemetry")


def test_no_name_is_looked_up_and_nothing_is_connected_to(voice, monkeypatch):
    def refuse(*arguments: object) -> None:
        raise AssertionError(f"the network was used: {arguments}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert voice.synthesize("访问 https://example.com 或者发邮件到 a@b.cn。").duration_s > 1
