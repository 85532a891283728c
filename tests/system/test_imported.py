"""Voices of other systems go through every door; what is possible with our own alone says so in one sentence."""

import dataclasses
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from tingshuo.app.cli.figures import running_server
from tingshuo.app.cli.main import run
from tingshuo.audio.write import write
from tingshuo.store.bundle import open_bundle, verify_bundle, write_bundle

pytestmark = pytest.mark.train
NAMES = ("sambert", "emotivoice", "graph_voice")
TEXT = "今天天气真好，我们去公园吧。"


@dataclasses.dataclass
class Done:
    """What a command left."""

    code: int
    out: str
    err: str


@pytest.fixture
def tingshuo(capfdbinary: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Done]:
    """Run a command in this process, in an empty folder and with an empty home."""
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def tingshuo(*arguments: object) -> Done:
        code = run([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return Done(code, out.decode("utf-8", "replace"), err.decode())

    return tingshuo


@pytest.fixture(params=NAMES)
def bundle(request: pytest.FixtureRequest, imported: Callable[[str], Path]) -> Path:
    return imported(request.param)


def said(done: Done) -> str:
    """Return what a command printed that ended well."""
    assert done.code == 0, done.err
    return done.out


def test_the_command_speaks_as_python_does(bundle: Path, tingshuo: Callable[..., Done], speaking: Any, tmp_path: Path) -> None:
    said(tingshuo("say", TEXT, "--voice", bundle, "-o", "out.pcm", "--emotion", "sad", "--srt", "out.srt", "--pitch", 1))
    expected = speaking(bundle.name).synthesize(TEXT, emotion="sad", pitch=1.0)
    write(tmp_path / "expected.pcm", expected.wav, expected.sample_rate)
    assert (tmp_path / "out.pcm").read_bytes() == (tmp_path / "expected.pcm").read_bytes()
    assert "今天天气真好" in (tmp_path / "out.srt").read_text("utf-8")


def test_a_batch_is_spoken(bundle: Path, tingshuo: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("今天真好。\n你好。\n", "utf-8")
    said(tingshuo("say", "--batch", "lines.txt", "--output-dir", "out", "--voice", bundle))
    assert len(list((tmp_path / "out").glob("*.wav"))) == 2


@pytest.fixture(scope="module", params=NAMES)
def client(request: pytest.FixtureRequest, imported: Callable[[str], Path]) -> Iterator[httpx.Client]:
    with running_server(str(imported(request.param))) as server:
        connection = server.connection
        with httpx.Client(base_url=f"http://{connection.host}:{connection.port}", timeout=60) as client:
            yield client


def test_the_server_speaks(client: httpx.Client) -> None:
    (voice,) = [one for one in client.get("/v1/audio/voices").json()["voices"] if one.get("id", one.get("name")) == "default"]
    assert voice
    reply = client.post("/api/tts", json={"text": TEXT, "emotion": "angry", "pitch": 2}).json()
    wav, rate = soundfile.read(io.BytesIO(client.get(reply["audio_url"]).content))
    assert (rate, len(wav) / rate) == (16000, pytest.approx(reply["duration_s"], abs=1e-3))
    assert "the pitch that was asked for was not followed" in reply["warnings"][0]
    assert (
        "".join(c["text"] for s in reply["sentences"] for w in s["words"] for c in w["characters"]) == "今天天气真好我们去公园吧"
    )
    pcm = client.post("/v1/audio/speech", json={"input": TEXT, "response_format": "pcm", "emotion": "angry", "pitch": 2}).content
    speech = wav[: round(reply["label"]["start_s"] * rate)]
    np.testing.assert_allclose(np.frombuffer(pcm, np.int16) / 2**15, speech, atol=2**-14)


def test_the_server_names_who_it_has_not(client: httpx.Client) -> None:
    error = client.post("/api/tts", json={"text": TEXT, "speaker": "wu"})
    assert error.status_code == 404
    assert error.json()["error"]["param"] == "speaker"
    assert client.post("/api/tts", json={"text": TEXT, "emotion": "lyrical"}).status_code == 200


def test_it_is_sound_and_its_golden_vectors_hold(bundle: Path, tingshuo: Callable[..., Done]) -> None:
    assert verify_bundle(bundle).ok
    report = json.loads(said(tingshuo("verify", bundle, "--json")))
    assert report["ok"] is True, report


def test_versions_are_saved_listed_and_compared(bundle: Path, tingshuo: Callable[..., Done]) -> None:
    said(tingshuo("save", bundle, "--name", "mine", "--note", "as imported"))
    said(tingshuo("say", "好。", "--voice", "mine", "-o", "out.wav"))
    assert "mine" in said(tingshuo("voices"))
    assert "as imported" in said(tingshuo("history", "mine"))
    assert said(tingshuo("diff", "mine", bundle))


def test_a_voice_that_was_imported_again_is_the_next_version(bundle: Path, tingshuo: Callable[..., Done], tmp_path: Path) -> None:
    opened = open_bundle(bundle)
    files = {name: bundle / name for name in opened.manifest.files} | {"MODELCARD.md": b"# another card\n"}
    again = write_bundle(tmp_path / "again", opened.manifest.fields(), files)
    said(tingshuo("save", bundle, "--name", "mine"))
    assert "1.0.1" in said(tingshuo("save", again, "--name", "mine"))


def test_it_becomes_one_file_that_speaks(bundle: Path, tingshuo: Callable[..., Done]) -> None:
    said(tingshuo("export", bundle, "-o", "voice.zip"))
    said(tingshuo("say", "好。", "--voice", "voice.zip", "-o", "out.wav"))


def test_it_is_signed(bundle: Path, tingshuo: Callable[..., Done]) -> None:
    pytest.importorskip("cryptography")
    said(tingshuo("save", bundle, "--name", "mine"))
    said(tingshuo("sign", "--make-key", "key"))
    said(tingshuo("sign", "mine", "--key", "key"))
    said(tingshuo("verify", "mine", "--key", "key.pub"))


def test_encrypted_it_speaks_with_its_key_alone(
    bundle: Path, tingshuo: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyrage")
    said(tingshuo("seal", "--make-key", "key"))
    said(tingshuo("seal", bundle, "-o", "sealed", "--to", "key.pub"))
    refused = tingshuo("say", "好。", "--voice", "sealed", "-o", "out.wav")
    assert (refused.code, refused.out) == (9, "")
    monkeypatch.setenv("TINGSHUO_SEAL_KEY_FILE", "key")
    said(tingshuo("say", "好。", "--voice", "sealed", "-o", "out.wav"))
    said(tingshuo("unseal", "sealed", "-o", "plain", "--key", "key"))
    assert open_bundle("plain", verify=True).settings == open_bundle(bundle).settings


def test_it_is_measured_and_watched_on_texts(bundle: Path, tingshuo: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("今天真好。\n你好。\n", "utf-8")
    report = json.loads(said(tingshuo("evaluate", bundle, "--texts", "lines.txt", "--json")))
    assert (report["n"], report["voice"]) == (2, open_bundle(bundle).manifest.name)
    assert "rtf" in {figure["measure"] for figure in report["figures"]}
    said(tingshuo("monitor", bundle, "--once", "--texts", "lines.txt"))


def test_what_needs_one_of_our_own_says_so(bundle: Path, tingshuo: Callable[..., Done], tmp_path: Path) -> None:
    family = open_bundle(bundle).manifest.family
    sentence = f"is of the family {family}, and this is possible with fastspeech alone"
    settings = [part for name in ("licence", "consent", "data_statement") for part in ("--set", f"bundle.{name}=mine")]
    commands = {
        "explain": ("explain", bundle, "--text", TEXT),
        "prune": ("prune", bundle, "-o", "narrow"),
        "train": ("train", tmp_path, "-o", "run", "--preset", "tiny", "--from", bundle, *settings),
    }
    for name, command in commands.items():
        done = tingshuo(*command)
        assert (done.code, done.out) == (9, ""), name
        assert sentence in done.err.splitlines()[-1], (name, done.err)
        *_, last = done.err.splitlines()  # before it, train tells what it sets about
        assert last.startswith("Error: "), done.err
        assert done.err.count("Error") == 1, done.err
    assert not [path.name for path in tmp_path.iterdir() if path.name in ("narrow", "run")]


def test_names_of_its_speakers_can_be_taken_out(bundle: Path, tingshuo: Callable[..., Done]) -> None:
    names = {one.name for one in open_bundle(bundle).settings.speakers}
    said(tingshuo("save", bundle, "--name", "nobody", "--anonymize"))
    said(tingshuo("say", "好。", "--voice", "nobody", "-o", "out.wav"))
    listed = json.loads(said(tingshuo("voices", "--json")))
    (speakers,) = [row["speakers"] for row in listed["voices"] if row["name"] == "nobody"]
    assert len(speakers) == len(names)
    assert not names & set(speakers)
