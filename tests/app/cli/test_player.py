"""Players: the first one installed gets the samples; what it says when it fails is passed on."""

import numpy as np
import pytest

from tingshuo.app.cli.player import PLAYERS, Player
from tingshuo.audio.write import encode
from tingshuo.errors import OutputError

WAV = np.linspace(-0.5, 0.5, 2400, dtype=np.float32)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Make the programs folder empty but for those that are installed by the test."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def install(name: str, script: str) -> None:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return install


@pytest.mark.parametrize("name", PLAYERS)
def test_samples_reach_the_player(install, tmp_path, name):
    install(name, f'echo "$@" > {tmp_path}/arguments; exec /bin/cat > {tmp_path}/played')
    with Player(24000) as player:
        player.write(WAV[:1000])
        player.write(WAV[1000:])
    assert (tmp_path / "played").read_bytes() == encode(WAV, 24000, "pcm")
    assert "24000" in (tmp_path / "arguments").read_text()


def test_nothing_that_plays(install):
    with pytest.raises(OutputError, match=r"aplay, paplay, ffplay were looked for\); write a file with -o"):
        Player(24000)


def test_a_player_that_fails_at_the_end(install):
    install("aplay", "/bin/cat > /dev/null; echo noise >&2; echo no such device >&2; exit 1")
    with pytest.raises(OutputError, match="aplay cannot play: no such device; write a file"), Player(24000) as player:
        player.write(WAV)


def test_a_player_that_hides_that_there_is_no_sound_device(install, capfd):
    install("ffplay", "echo; /bin/cat > /dev/null; echo ALSA: no card >&2; echo No more, audio open failed >&2; echo bye >&2")
    with pytest.raises(OutputError, match="ffplay cannot play: no sound device could be opened"), Player(24000) as player:
        player.write(WAV)
    assert capfd.readouterr().out == ""


def test_a_player_that_ends_at_once(install):
    install("aplay", "exit 3")
    with pytest.raises(OutputError, match="aplay cannot play: exit code 3"), Player(24000) as player:
        player.write(np.zeros(1 << 20, np.float32))  # more than a pipe holds


def test_an_error_of_ours_stops_the_player(install):
    install("aplay", "exec /bin/cat > /dev/null")
    with pytest.raises(ZeroDivisionError), Player(24000) as player:
        raise ZeroDivisionError
    assert player._process.returncode == -9


def test_say_without_a_target_plays(install, tingshuo, tmp_path):
    install("paplay", f"exec /bin/cat > {tmp_path}/played")
    assert tingshuo("say", "你好。").code == 0
    assert (tmp_path / "played").stat().st_size == 2400 * 2


def test_say_without_a_player_tells_what_to_do(install, tingshuo):
    done = tingshuo("say", "你好。")
    assert (done.code, "-o out.wav" in done.err) == (6, True)
