"""Keys as a running server knows them."""

from datetime import date

import pytest

from tingshuo.errors import ConfigError, UnauthorizedError
from tingshuo.serve.access import ring as module
from tingshuo.serve.access.keys import add_key, make_token, revoke_key
from tingshuo.serve.access.ring import KeyRing


@pytest.fixture
def path(tmp_path):
    return tmp_path / "server.json"


def test_a_key_is_found_with_what_its_texts_mean(path):
    key, token = add_key(path, "shop", rates=["60/minute"], networks=["10.0.0.0/8"])
    held = KeyRing(path).find(token)
    assert held.key == key
    assert [str(rate) for rate in held.rates] == ["60 per 1 minute"]
    assert [str(network) for network in held.networks] == ["10.0.0.0/8"]


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "a", lambda t: t.upper(), lambda t: "", lambda t: "\xff" * 500]
)
def test_a_wrong_key_is_none(path, change):
    _, token = add_key(path, "shop")
    with pytest.raises(UnauthorizedError, match="not one of this server's"):
        KeyRing(path).find(change(token))


def test_what_is_wrong_with_an_unknown_key_is_not_told(path):
    """Whether the id is there or not, the sentence is the same, and so is the work: one hash."""
    _, token = add_key(path, "shop")
    ring = KeyRing(path)
    said = set()
    for wrong in (make_token()[0], token[:-2] + "aa"):
        with pytest.raises(UnauthorizedError) as caught:
            ring.find(wrong)
        said.add(str(caught.value))
    assert len(said) == 1


def test_a_wrong_key_costs_one_hash_whatever_is_wrong_with_it(path, monkeypatch):
    _, token = add_key(path, "shop")
    ring, hashed, real = KeyRing(path), [], module.digest
    monkeypatch.setattr(module, "digest", lambda *given: hashed.append(given) or real(*given))
    monkeypatch.setattr("tingshuo.serve.access.keys.digest", lambda *given: hashed.append(given) or real(*given))
    for wrong in (make_token()[0], token[:-2] + "aa", "", "x" * 1_000_000):
        hashed.clear()
        with pytest.raises(UnauthorizedError):
            ring.find(wrong)
        assert len(hashed) == 1


def test_a_key_holds_until_its_last_day_is_over(path):
    day = [date(2030, 6, 1)]
    _, token = add_key(path, "shop", expires=date(2030, 6, 1))
    ring = KeyRing(path, lambda: day[0])
    public = ring.find(token).key.id
    assert ring.named(public) is not None
    day[0] = date(2030, 6, 2)
    with pytest.raises(UnauthorizedError, match="was good until 2030-06-01; ask"):
        ring.find(token)
    assert ring.named(public) is None


def test_changes_are_seen_at_the_next_request(path):
    key, token = add_key(path, "shop")
    ring = KeyRing(path)
    ring.find(token)
    _, other = add_key(path, "other")
    ring.find(other)
    revoke_key(path, key.id)
    with pytest.raises(UnauthorizedError, match="was revoked on"):
        ring.find(token)
    ring.find(other)


@pytest.mark.parametrize("harm", [lambda p: p.write_text("{"), lambda p: p.unlink(), lambda p: p.chmod(0o644)])
def test_a_damaged_file_is_said_once_and_the_last_good_keys_count(path, harm, caplog):
    _, token = add_key(path, "shop")
    ring = KeyRing(path)
    good = path.read_bytes()
    harm(path)
    for _ in range(3):
        ring.find(token)
    assert ring.problem is not None
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "the keys that were read before count on" in caplog.text
    path.unlink(missing_ok=True)
    path.write_bytes(good)
    path.chmod(0o600)
    ring.find(token)
    assert ring.problem is None
    assert "can be read again" in caplog.messages[-1]


def test_a_server_does_not_start_without_the_keys_that_it_was_given(path):
    with pytest.raises(ConfigError, match="cannot be read"):
        KeyRing(path)


def test_no_keys_are_a_closed_server(path):
    _, token = add_key(path, "shop")
    path.write_text('{"keys": []}')
    with pytest.raises(UnauthorizedError):
        KeyRing(path).find(token)
