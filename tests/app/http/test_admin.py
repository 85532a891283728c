"""Below /admin: closed without keys, and what an administrator sees and does."""

import dataclasses

import pytest

from tingshuo.app.http.server import create_app
from tingshuo.errors import RegistryError
from tingshuo.serve.access.gate import Gate
from tingshuo.serve.access.keys import add_key
from tingshuo.serve.access.ring import KeyRing
from tingshuo.serve.editions import Editions
from tingshuo.serve.link import Alone


@pytest.fixture
def keys(tmp_path):
    """A file of keys, and the headers of an administrator and of a user."""
    path = tmp_path / "keys.json"
    one, two = (add_key(path, name, verbs=["admin", "*"])[1] for name in ("one", "two"))
    user = add_key(path, "user")[1]
    return path, {"x-api-key": one, "x-admin-key": two}, {"x-api-key": user}


def test_without_keys_it_is_closed(shared_client):
    for method, path in (("POST", "/admin/reload"), ("GET", "/admin/status")):
        reply = shared_client.request(method, path)
        assert (reply.status_code, "closed on a server without keys" in reply.text) == (403, True)


def test_an_administrator_sees_the_processes_and_nobody_else(service, serve, keys):
    path, admin, user = keys
    with serve(service, gate=Gate(KeyRing(path))) as client:
        while not service.ready:
            assert service.failure is None
        told = client.get("/admin/status", headers=admin).json()
        (process,) = told["processes"]
        assert (process["worker"], process["ready"], process["limit"]) == (1, True, 3)
        assert set(process["voices"]) == {"default", "other"}
        assert set(told["versions"]) == {"tingshuo", "python"}
        assert told["workers"] == 1
        assert client.get("/admin/status", headers=user).status_code == 403
        assert client.post("/admin/reload", headers=user).status_code == 403
        assert client.get("/api/status", headers=user).status_code == 200
        assert client.get("/api/status").status_code == 401


def test_voices_are_read_again(service, serve, keys, bundle):
    path, admin, _ = keys
    installed = dict(service.voices.catalogue)
    alone = Alone(service, Editions(service, lambda: installed))
    with serve(service, gate=Gate(KeyRing(path)), processes=alone) as client:
        while not service.ready:
            assert service.failure is None
        installed["new"] = dataclasses.replace(bundle, manifest=bundle.manifest.replace(version="2.0.0"))
        (row,) = client.post("/admin/reload", headers=admin).json()["processes"]
        assert row["voices"] == [{"voice": "new", "before": None, "now": "2.0.0"}]
        assert client.post("/api/tts", headers=admin, json={"text": "好。", "voice": "new"}).status_code == 200

        def broken():
            raise RegistryError("voices/new: is broken")

        alone._editions._read = broken
        refused = client.post("/admin/reload", headers=admin)
        assert refused.status_code == 409
        message = "the voices were read again and nothing was changed: voices/new: is broken"
        assert refused.json()["error"]["message"] == message


def test_the_routes_are_described(service):
    paths = create_app(service).openapi()["paths"]
    assert "409" in paths["/admin/reload"]["post"]["responses"]
