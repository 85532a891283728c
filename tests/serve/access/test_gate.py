"""Who is let in: network, key, verb, second factor, how often; and what is recorded."""

import asyncio
import json

import pytest

from tingshuo.errors import AccessError, BusyError, RateLimitError, UnauthorizedError
from tingshuo.serve.access import gate as module
from tingshuo.serve.access.audit import AuditLog
from tingshuo.serve.access.gate import GUESSES, Asked, Caller, Gate
from tingshuo.serve.access.keys import add_key, give_voice, revoke_key
from tingshuo.serve.access.limits import Limiter, parse_rates
from tingshuo.serve.access.networks import parse_networks
from tingshuo.serve.access.ring import KeyRing
from tingshuo.serve.access.sessions import ADMIN, BROWSER
from tingshuo.serve.access.totp import STEP_S, code, decode_secret, step_at

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "server.json"


def asked(token: str | None = None, method: str = "GET", path: str = "/api/voices", peer: str = "192.0.2.1", **headers) -> Asked:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Asked(method, path, peer, fields if token is None else {"authorization": f"Bearer {token}", **fields})


def admit(gate: Gate, request: Asked, cookie: str = "") -> Caller:
    caller = gate.meet(request)
    asyncio.run(gate.admit(caller, request, cookie))
    return caller


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({"authorization": "Bearer ts_a_b"}, "ts_a_b"),
        ({"authorization": "bearer   ts_a_b "}, "ts_a_b"),
        ({"x-api-key": "ts_a_b"}, "ts_a_b"),
        ({"authorization": "Bearer ts_a_b", "x-api-key": "ts_c_d"}, "ts_a_b"),
        ({"authorization": "Basic dXNlcg==", "x-api-key": "ts_c_d"}, "ts_c_d"),
        ({"authorization": "Basic dXNlcg=="}, None),
        ({"authorization": "Bearer"}, None),
        ({}, None),
    ],
)
def test_where_a_key_is_looked_for(headers, token):
    assert Asked("GET", "/", None, headers).token == token


def test_a_server_without_keys_lets_everybody_in():
    caller = admit(Gate(), asked())
    assert caller.held is None
    assert caller.counted_as == "address:192.0.2.1"
    assert caller.may_use("anna", "anna", cloned=True)


def test_a_server_without_keys_has_its_administration_closed():
    with pytest.raises(AccessError, match="closed on a server without keys"):
        admit(Gate(), asked(path="/admin/voices"))


def test_a_server_with_keys_asks_for_one(path):
    key, token = add_key(path, "shop")
    gate = Gate(KeyRing(path))
    with pytest.raises(UnauthorizedError, match="Authorization: Bearer"):
        admit(gate, asked())
    with pytest.raises(UnauthorizedError, match="not one of this server's"):
        admit(gate, asked(token + "x"))
    caller = admit(gate, asked(token))
    assert (caller.held.key, caller.counted_as) == (key, f"key:{key.id}")
    revoke_key(path, key.id)
    with pytest.raises(UnauthorizedError, match="revoked"):
        admit(gate, asked(token))


def test_a_key_is_for_its_verbs(path):
    key, token = add_key(path, "shop", verbs=["speak"])
    gate = Gate(KeyRing(path))
    admit(gate, asked(token, "POST", "/api/tts"))
    with pytest.raises(AccessError, match=f"the key {key.id} is not for the verb list; it is for: speak"):
        admit(gate, asked(token))
    with pytest.raises(AccessError, match="is not for this path"):
        admit(gate, asked(token, "POST", "/api/later"))
    with pytest.raises(AccessError, match="verb metrics"):
        admit(gate, asked(add_key(path, "all")[1], path="/metrics"))


def test_networks_of_the_server_and_of_a_key(path):
    key, token = add_key(path, "shop", networks=["10.1.0.0/16"])
    gate = Gate(KeyRing(path), networks=parse_networks(["10.0.0.0/8"]))
    admit(gate, asked(token, peer="10.1.2.3"))
    with pytest.raises(AccessError, match=f"the key {key.id} may not be used from 10.2.0.1"):
        admit(gate, asked(token, peer="10.2.0.1"))
    with pytest.raises(AccessError, match=r"requests from 192.0.2.1 are not accepted here"):
        admit(gate, asked(token))
    with pytest.raises(AccessError, match="unknown address"):
        admit(gate, Asked("GET", "/api/voices", None, {"authorization": f"Bearer {token}"}))


def test_a_proxy_says_who_asks_when_it_is_trusted(path):
    _, token = add_key(path, "shop", networks=["198.51.100.0/24"])
    proxied = asked(token, peer="10.0.0.1", x_forwarded_for="198.51.100.7")
    admit(Gate(KeyRing(path), trusted=parse_networks(["10.0.0.1"])), proxied)
    with pytest.raises(AccessError, match=r"10.0.0.1"):
        admit(Gate(KeyRing(path)), proxied)


def test_a_rate_is_the_key_s_own_or_everybody_s(path, clock):
    own, other = (add_key(path, name, rates=rates)[1] for name, rates in (("own", ["1/minute"]), ("other", [])))
    gate = Gate(KeyRing(path), rates=parse_rates(["2/minute"]), limiter=Limiter(clock=clock))
    assert admit(gate, asked(own)).usage.remaining == 0
    assert [admit(gate, asked(other, peer=f"192.0.2.{n}")).usage.remaining for n in (1, 2)] == [1, 0]
    for token in (own, other):
        caller = gate.meet(asked(token))
        with pytest.raises(RateLimitError, match="try again in 60 s"):
            asyncio.run(gate.admit(caller, asked(token)))
        assert caller.usage.remaining == 0


def test_addresses_have_rates_where_nobody_has_a_key(clock):
    gate = Gate(rates=parse_rates(["1/minute"]), limiter=Limiter(clock=clock))
    admit(gate, asked())
    with pytest.raises(RateLimitError):
        admit(gate, asked(x_forwarded_for="203.0.113.77"))
    admit(gate, asked(peer="192.0.2.2"))


def test_places_are_the_key_s_own_or_everybody_s(path):
    one, some = (add_key(path, name, concurrency=most)[1] for name, most in (("one", 1), ("some", None)))
    gate = Gate(KeyRing(path), concurrency=2)
    first, other = admit(gate, asked(one)), admit(gate, asked(some))
    with gate.slot(first), gate.slot(other), gate.slot(other):
        for caller in (first, other):
            with pytest.raises(RateLimitError, match="are under way already"), gate.slot(caller):
                pass
    with gate.slot(first):
        pass


def test_voices_of_a_key(path):
    _, token = add_key(path, "shop", voices=["*", "anna/x"])
    caller = admit(Gate(KeyRing(path)), asked(token))
    assert caller.may_use("other", "y", cloned=False)
    assert caller.may_use("anna", "x", cloned=True)
    assert not caller.may_use("anna", "y", cloned=True)


def test_who_asks_more_than_once_has_the_key_as_it_is_by_now(path):
    """A socket stays open, and its key is revoked or given another voice."""
    key, token = add_key(path, "shop")
    caller = admit(Gate(KeyRing(path)), asked(token))
    give_voice(path, key.id, "anna")
    assert not caller.may_use("anna", "x", cloned=True)
    caller.look_again()
    assert caller.may_use("anna", "x", cloned=True)
    revoke_key(path, key.id)
    with pytest.raises(UnauthorizedError, match="no longer holds"):
        caller.look_again()
    admit(Gate(), asked()).look_again()


@pytest.fixture
def operator(path, clock):
    """A gate that has been open for a while, and the key of its operator."""
    key, token = add_key(path, "operator", verbs=["admin"], totp=SECRET)
    gate = Gate(KeyRing(path), clock=clock)
    clock.now += 10 * STEP_S
    return gate, key, token


def now_code(clock) -> str:
    return code(decode_secret(SECRET), step_at(clock()))


def test_administration_asks_for_a_code_each_of_which_is_good_once(operator, clock):
    gate, _, token = operator
    with pytest.raises(UnauthorizedError, match="send the header x-totp"):
        admit(gate, asked(token, path="/admin"))
    request = asked(token, path="/admin", x_totp=now_code(clock))
    assert admit(gate, request).admin_session
    with pytest.raises(UnauthorizedError, match="used before"):
        admit(gate, request)


def test_a_code_without_the_key_and_for_another_verb_is_nothing(operator, path, clock):
    gate, _, _ = operator
    with pytest.raises(UnauthorizedError):
        admit(gate, asked(path="/admin", x_totp=now_code(clock)))
    _, plain = add_key(path, "plain")
    with pytest.raises(AccessError, match="not for the verb admin"):
        admit(gate, asked(plain, path="/admin", x_totp=now_code(clock)))


def test_codes_cannot_be_guessed(operator, clock):
    gate, _, token = operator
    for n in range(GUESSES):
        with pytest.raises(UnauthorizedError, match="wrong"):
            admit(gate, asked(token, path="/admin", x_totp=f"00000{n}"))
    with pytest.raises(RateLimitError, match="codes were tried in a minute"):
        admit(gate, asked(token, path="/admin", x_totp=now_code(clock)))


def test_a_second_key_of_an_administrator_will_do(operator, path):
    gate, _, token = operator
    _, second = add_key(path, "second", verbs=["admin"])
    _, plain = add_key(path, "plain")
    _, elsewhere = add_key(path, "elsewhere", verbs=["admin"], networks=["10.0.0.0/8"])
    assert admit(gate, asked(token, path="/admin", x_admin_key=second)).admin_session
    assert admit(gate, asked(second, path="/admin", x_admin_key=token)).admin_session
    for wrong in (token, plain):
        with pytest.raises(AccessError, match="must be another key with the verb admin"):
            admit(gate, asked(token, path="/admin", x_admin_key=wrong))
    with pytest.raises(AccessError, match=r"may not be used from 192.0.2.1"):
        admit(gate, asked(token, path="/admin", x_admin_key=elsewhere))
    with pytest.raises(UnauthorizedError, match="not one of this server's"):
        admit(gate, asked(token, path="/admin", x_admin_key="ts_x_y"))
    with pytest.raises(UnauthorizedError, match="has no code of its own"):
        admit(gate, asked(second, path="/admin", x_totp="123456"))


def test_a_second_factor_is_good_for_a_while_with_its_key(operator, path, clock):
    gate, key, token = operator
    session = admit(gate, asked(token, path="/admin", x_totp=now_code(clock))).admin_session
    assert admit(gate, asked(token, path="/admin", x_admin_session=session)).admin_session is None
    _, second = add_key(path, "second", verbs=["admin"])
    with pytest.raises(UnauthorizedError):
        admit(gate, asked(second, path="/admin", x_admin_session=session))
    with pytest.raises(UnauthorizedError):
        admit(gate, asked(path="/admin", x_admin_session=session))
    clock.now += 601
    with pytest.raises(UnauthorizedError):
        admit(gate, asked(token, path="/admin", x_admin_session=session))
    assert gate.sessions.read(session, ADMIN) is None
    assert key.totp == SECRET


def test_a_browser_shows_a_session_that_opens_no_administration(operator, path):
    gate, key, _ = operator
    other, _ = add_key(path, "page")
    cookie = gate.sessions.issue(other.id, BROWSER)
    assert admit(gate, asked(), cookie).held.key == other
    with pytest.raises(UnauthorizedError, match="asks for the key itself"):
        admit(gate, asked(path="/admin"), gate.sessions.issue(key.id, BROWSER))
    revoke_key(path, other.id)
    with pytest.raises(UnauthorizedError):
        admit(gate, asked(), cookie)


def recorded(gate: Gate, file) -> list[dict]:
    asyncio.run(gate.aclose())
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_what_is_recorded(path, tmp_path):
    key, token = add_key(path, "shop")
    gate = Gate(KeyRing(path), audit=AuditLog(tmp_path / "audit.jsonl"))
    caller = admit(gate, asked(token, "POST", "/api/tts", x_request_id="abc-1"))
    caller.wants("default", 7)
    caller.wants("default/deep", 3)
    caller.heard(1.23456)
    caller.heard(1)
    asyncio.run(gate.record(caller, 200))
    asyncio.run(gate.record(gate.meet(asked(path="/nothing", x_request_id="a\nb" * 99)), 401))
    first, second = recorded(gate, tmp_path / "audit.jsonl")
    first.pop("time")
    assert first == {
        "request": "abc-1",
        "key": key.id,
        "address": "192.0.2.1",
        "verb": "speak",
        "status": 200,
        "voice": "default/deep",
        "characters": 10,
        "audio_s": 2.235,
    }
    assert (second["key"], second["verb"], second["status"], len(second["request"])) == (None, "other", 401, 16)


def test_requests_without_a_key_do_not_wash_out_the_record(path, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "REFUSED_LINES", 5)
    _, token = add_key(path, "shop")
    gate = Gate(KeyRing(path), audit=AuditLog(tmp_path / "audit.jsonl"))

    async def run() -> None:
        for _ in range(50):
            await gate.record(gate.meet(asked()), 401)
        good = gate.meet(asked(token))
        await gate.admit(good, asked(token))
        await gate.record(good, 200)

    asyncio.run(run())
    rows = recorded(gate, tmp_path / "audit.jsonl")
    assert [row["status"] for row in rows] == [401] * 5 + [200]


def test_nothing_is_served_that_must_be_recorded_and_cannot_be(path, tmp_path):
    _, token = add_key(path, "shop")
    audit = AuditLog(tmp_path / "audit.jsonl", strict=True)
    gate = Gate(KeyRing(path), audit=audit)
    admit(gate, asked(token))
    audit.problem = "No space left on device"
    with pytest.raises(BusyError):
        admit(gate, asked(token))
    asyncio.run(gate.aclose())


def test_processes_of_a_server_share_sessions_counts_and_codes(path, clock):
    _, token = add_key(path, "ops", verbs=["admin"], totp=SECRET)
    gates = [Gate(KeyRing(path), rates=parse_rates(["3/hour"]), clock=clock) for _ in range(2)]
    limiter, guesses, codes = Limiter(), Limiter(), gates[0]._codes
    for gate in gates:
        gate.share(b"s" * 32, limiter, guesses, codes)
    clock.now += STEP_S
    caller = admit(gates[0], asked(token, path="/admin/status", x_totp=now_code(clock)))
    with pytest.raises(UnauthorizedError, match="was used before"):
        admit(gates[1], asked(token, path="/admin/status", x_totp=now_code(clock)))
    again = asked(token, path="/admin/status", x_admin_session=caller.admin_session)
    assert admit(gates[1], again).usage.remaining == 1
    assert admit(gates[0], again).usage.remaining == 0
    with pytest.raises(RateLimitError):
        admit(gates[1], again)
    for _ in range(GUESSES - 2):
        with pytest.raises(UnauthorizedError):
            admit(gates[0], asked(token, path="/admin/status", x_totp="000000"))
    with pytest.raises(RateLimitError, match="codes were tried"):
        admit(gates[1], asked(token, path="/admin/status", x_totp="000000"))
