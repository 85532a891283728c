"""The application's life, and other origins."""

import dataclasses
import json
import shutil
import socket

import pytest
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from tingshuo.errors import ConsentError, HashMismatchError, SealedError
from tingshuo.serve.opening import open_service
from tingshuo.store.manifest import ConsentRecord
from tingshuo.store.seal_keys import make_seal_key
from tingshuo.store.sealing import seal_bundle

ORIGIN = {"origin": "http://game.example"}


def test_small_writes_are_sent_at_once(service, serve, monkeypatch):
    """Otherwise every reply is 40 ms late: its body waits for the acknowledgement of its headers."""
    seen = []
    connected = AutoHTTPProtocol.connection_made

    def connection_made(self, transport) -> None:
        connected(self, transport)
        seen.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(AutoHTTPProtocol, "connection_made", connection_made)
    with serve(service) as client:
        client.get("/healthz")
    assert seen
    assert all(seen)


def test_a_voice_whose_files_were_changed_is_refused(bundle, tmp_path):
    """One bit of a large file, whose hash is not checked when the command line opens a voice."""
    folder = shutil.copytree(bundle.path, tmp_path / "voice")
    large = max(folder.rglob("*.safetensors"), key=lambda path: path.stat().st_size)
    data = bytearray(large.read_bytes())
    data[-1] ^= 1
    large.write_bytes(data)
    with pytest.raises(HashMismatchError, match=f"{large.name}: its SHA-256 differs"):
        open_service(str(folder))


def test_other_origins_are_refused_unless_allowed(service, serve, shared_client):
    closed = shared_client.options("/api/tts", headers=ORIGIN | {"access-control-request-method": "POST"})
    assert "access-control-allow-origin" not in closed.headers
    with serve(service, allow_origins=[ORIGIN["origin"]]) as client:
        reply = client.options("/api/tts", headers=ORIGIN | {"access-control-request-method": "POST"})
        assert reply.headers["access-control-allow-origin"] == ORIGIN["origin"]
        assert "Tingshuo-Warnings" in client.get("/healthz", headers=ORIGIN).headers["access-control-expose-headers"]


def test_the_temporary_folder_goes_with_the_server(service, serve):
    folder = service.results.path("x", "wav").parent
    with serve(service) as client:
        assert client.get("/healthz").status_code == 200
        assert folder.is_dir()
    assert not folder.exists()


def test_a_bug_is_a_500_in_json(client, fake_voice):
    def bug(_: int) -> None:
        raise ZeroDivisionError

    fake_voice.before_chunk = bug
    reply = client.post("/api/tts", json={"text": "你好"})
    assert reply.status_code == 500
    assert reply.json()["error"]["code"] == "internal"
    assert "ZeroDivision" not in reply.text


def with_consent(manifest, valid_until):
    """The manifest of a clone whose consent ends on a day."""
    who = manifest.speakers[0]
    record = ConsentRecord(
        speaker=who, given_by="Anna", given_on="2020-01-01", purpose="a test", valid_until=valid_until, recording_sha256="0" * 64
    )
    return manifest.replace(cloned=(who,), consents=(record,))


def test_a_voice_whose_consent_has_ended_is_refused_and_the_others_speak(service, serve):
    voices = service.voices.catalogue
    voices["other"] = dataclasses.replace(voices["other"], manifest=with_consent(voices["other"].manifest, "2020-12-31"))
    voices["valid"] = dataclasses.replace(voices["other"], manifest=with_consent(voices["other"].manifest, "unlimited"))
    with serve(service) as client:
        while client.get("/readyz").status_code != 200:
            assert service.failure is None
        refused = client.post("/api/tts", json={"text": "你好。", "voice": "other"})
        assert refused.status_code == 403
        assert "the consent of Anna" in refused.text
        assert "ended on 2020-12-31" in refused.text
        openai = client.post("/v1/audio/speech", json={"model": "tts-1", "input": "你好。", "voice": "other"})
        assert openai.status_code == 403
        for voice in ("default", "valid"):
            assert client.post("/api/tts", json={"text": "你好。", "voice": voice}).status_code == 200
        told = {row["name"]: row["unavailable"] for row in client.get("/api/voices").json()["voices"]}
        assert (told["default"], told["valid"], "ended on" in told["other"]) == (None, None, True)


def test_a_server_does_not_start_with_a_default_voice_that_may_not_speak(bundle, tmp_path):
    folder = shutil.copytree(bundle.path, tmp_path / "voice")
    fields = with_consent(bundle.manifest, "2020-12-31").fields()
    (folder / "manifest.json").write_text(json.dumps(fields))
    with pytest.raises(ConsentError, match="ended on 2020-12-31"):
        open_service(str(folder))


def test_an_encrypted_voice_without_its_key_is_left_out(bundle, tmp_path, monkeypatch, caplog):
    pytest.importorskip("pyrage")
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    make_seal_key(tmp_path / "key")
    sealed = seal_bundle(bundle.path, tmp_path / "home/voices/anna", [str(tmp_path / "key.pub")])
    service = open_service(threads=1)
    assert "anna" not in service.voices.catalogue
    assert "anna: is encrypted for age1" in caplog.text
    with pytest.raises(SealedError, match="there is no key"):
        open_service(str(sealed))
    monkeypatch.setenv("TINGSHUO_SEAL_KEY_FILE", str(tmp_path / "key"))
    opened = open_service(threads=1)
    assert opened.voices.catalogue["anna"].config == bundle.config
    for one in (service, opened):
        one.workers.close()
        one.results.close()
