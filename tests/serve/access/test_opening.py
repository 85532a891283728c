"""From what an operator says to a gate."""

import asyncio

import pytest

from tingshuo.errors import ConfigError, RequestError
from tingshuo.serve.access.gate import Asked
from tingshuo.serve.access.keys import add_key, default_path
from tingshuo.serve.access.opening import open_gate


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))


def test_without_the_user_s_own_keys_the_server_is_open():
    assert open_gate().ring is None
    _, token = add_key(default_path(), "shop")
    assert open_gate().ring.find(token).key.name == "shop"


def test_keys_that_are_named_have_to_be_there(tmp_path):
    with pytest.raises(ConfigError, match=r"none.json: cannot be read"):
        open_gate(keys=tmp_path / "none.json")
    default_path().parent.mkdir(parents=True)
    default_path().symlink_to(tmp_path / "away")
    with pytest.raises(ConfigError, match=r"server.json: cannot be read"):
        open_gate()


def test_everything_reaches_the_gate(tmp_path):
    gate = open_gate(
        rates=["1/hour"],
        concurrency=1,
        networks=["192.0.2.0/24"],
        trusted_proxies=["10.0.0.1"],
        audit=tmp_path / "audit.jsonl",
        audit_strict=True,
    )
    request = Asked("GET", "/api/voices", "10.0.0.1", {"x-forwarded-for": "192.0.2.5"})

    async def run() -> None:
        caller = gate.meet(request)
        await gate.admit(caller, request)
        assert (str(caller.address), caller.usage.remaining) == ("192.0.2.5", 0)
        with gate.slot(caller), pytest.raises(Exception, match="1 requests"), gate.slot(caller):
            pass
        await gate.record(caller, 200)
        await gate.aclose()

    asyncio.run(run())
    assert gate.audit.strict
    assert '"address":"192.0.2.5"' in (tmp_path / "audit.jsonl").read_text()


@pytest.mark.parametrize(
    ("said", "param"),
    [
        ({"rates": ["often"]}, "rate"),
        ({"concurrency": 0}, "concurrency"),
        ({"networks": ["home"]}, "allow_network"),
        ({"trusted_proxies": ["proxy"]}, "trusted_proxy"),
        ({"redis": "http://localhost"}, "redis"),
        ({"audit_strict": True}, "audit"),
    ],
)
def test_a_wrong_value_is_one_sentence(said, param):
    with pytest.raises(RequestError) as caught:
        open_gate(**said)
    assert caught.value.param == param
