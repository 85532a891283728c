"""Keys: made, kept as hashes in a file for the owner alone, revoked."""

import json
import threading
from datetime import UTC, date, datetime

import pytest

from tingshuo.errors import ConfigError, NotFoundError, OutputError, RequestError
from tingshuo.serve.access import keys as module
from tingshuo.serve.access.keys import (
    add_key,
    default_path,
    digest,
    fits,
    give_voice,
    make_token,
    read_keys,
    revoke_key,
    split_token,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys" / "server.json"


def test_a_token_has_256_random_bits_and_a_public_id():
    token, public, secret = make_token()
    assert token == f"ts_{public}_{secret}"
    assert (len(public), len(secret)) == (8, 52)  # base32: 5 bits a character
    assert split_token(token) == (public, secret)
    assert make_token()[2] != secret


@pytest.mark.parametrize(
    "token", ["", "ts", "ts_", "ts_a", "ts_a_", "sk_abcdefgh_x", "ts_ключ_x", "ts_" + "a" * 100_000 + "_x", "\x00", "Bearer x"]
)
def test_what_is_no_token_has_no_parts(token):
    assert split_token(token) is None


def test_the_user_s_own_file(monkeypatch, tmp_path):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    assert default_path() == tmp_path / "keys" / "server.json"


def test_only_a_hash_is_kept_and_only_the_owner_reads_it(path):
    key, token = add_key(path, "shop")
    text = path.read_text()
    secret = split_token(token)[1]
    assert secret not in text
    assert key.hash in text
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_keys(path) == (key,)
    assert fits(key, secret)
    assert not fits(key, secret[:-1])
    assert not fits(key, "")
    assert [name.name for name in path.parent.iterdir() if "partial" in name.name] == []


def test_equal_secrets_have_unequal_hashes():
    assert digest("x", "00" * 16) == digest("x", "00" * 16) != digest("x", "01" * 16)


def test_everything_that_is_said_is_kept(path):
    said = {
        "voices": ("*", "anna", "pair/deep"),
        "verbs": ("speak", "admin"),
        "rates": ("60/minute", "1000/day"),
        "concurrency": 3,
        "expires": date(2099, 12, 31),
        "networks": ("10.0.0.0/8",),
        "totp": "GEZDGNBVGY3TQOJQ",
    }
    key, _ = add_key(path, "shop", **said)
    [read] = read_keys(path)
    assert read == key
    assert {name: getattr(read, name) for name in said} == said
    told = read.told()
    assert told["second_factor"] is True
    assert not {"hash", "salt", "totp"} & set(told)
    assert "GEZDGNBVGY3TQOJQ" not in json.dumps(told)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"verbs": ["sing"]}, "unknown verb 'sing'"),
        ({"voices": ["/x"]}, "is no voice"),
        ({"rates": ["often"]}, "'often' is no rate; give one such as 60/minute"),
        ({"rates": ["0/minute"]}, "allows 1 to 100000"),
        ({"concurrency": 0}, "concurrency must be at least 1, got 0"),
        ({"networks": ["home"]}, "is no network"),
    ],
)
def test_a_wrong_value_is_one_sentence_and_nothing_is_written(path, said, message):
    with pytest.raises(RequestError, match=message):
        add_key(path, "shop", **said)
    assert not path.exists()


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101])
def test_a_name_can_be_read(path, name):
    with pytest.raises(RequestError, match="name"):
        add_key(path, name)


def test_a_name_is_taken_until_its_key_is_revoked(path):
    first, _ = add_key(path, "shop")
    with pytest.raises(RequestError, match="there is a key of the name 'shop'; choose another, or revoke"):
        add_key(path, "shop")
    revoke_key(path, first.id)
    second, _ = add_key(path, "shop")
    assert [key.id for key in read_keys(path)] == [first.id, second.id]


def test_revoking(path):
    first, token = add_key(path, "shop")
    add_key(path, "other")
    gone = revoke_key(path, first.id)
    assert gone.problem(date.today()) == f"the key {first.id} was revoked on {datetime.now(UTC).date()}"
    assert read_keys(path)[0] == gone
    assert read_keys(path)[1].revoked is None
    assert revoke_key(path, token) == gone, "the whole key will do, and twice is as good as once"
    with pytest.raises(NotFoundError, match=f"no key of the id 'aaaaaaaa'; there are: {first.id}, ") as caught:
        revoke_key(path, "ts_aaaaaaaa_secret")
    assert "secret" not in str(caught.value)


def test_a_key_holds_to_the_end_of_its_last_day(path):
    key, _ = add_key(path, "shop", expires=date(2030, 6, 1))
    assert key.problem(date(2030, 6, 1)) is None
    assert key.problem(date(2030, 6, 2)) == f"the key {key.id} was good until 2030-06-01"


def test_a_cloned_voice_is_given_to_its_key(path):
    key, _ = add_key(path, "shop")
    give_voice(path, key.id, "anna")
    give_voice(path, key.id, "anna")
    assert read_keys(path)[0].voices == ("*", "anna")
    with pytest.raises(RequestError, match="is no voice"):
        give_voice(path, key.id, "/")


def test_writers_do_not_lose_each_other_s_keys(path):
    threads = [threading.Thread(target=add_key, args=(path, f"key {n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key.name for key in read_keys(path)) == [f"key {n}" for n in range(8)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "the whole file"),
        ('{"format": 2}', "format"),
        ('{"kyes": []}', "kyes"),
        ('{"keys": [{"id": "x"}]}', "keys"),
    ],
)
def test_a_damaged_file_is_said_and_not_touched(path, text, message):
    path.parent.mkdir()
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=message):
        read_keys(path)
    with pytest.raises(ConfigError, match=message):
        add_key(path, "shop")
    assert path.read_text() == text


def test_wrong_values_in_the_file_name_their_key(path):
    key, _ = add_key(path, "shop")
    good = path.read_text()
    for before, after, message in (
        ('"*"\n   ],\n   "verbs"', '""\n   ],\n   "verbs"', "is no voice"),
        ('"totp": null', '"totp": "1!"', "base32"),
        ('"salt": "', '"salt": "0', "salt"),
        ('"name": "shop"', '"name": "\\u0000"', "name"),
    ):
        path.write_text(good.replace(before, after))
        assert path.read_text() != good
        with pytest.raises(ConfigError, match=message):
            read_keys(path)
    document = json.loads(good)
    path.write_text(json.dumps({**document, "keys": document["keys"] * 2}))
    with pytest.raises(ConfigError, match=f"{key.id} is there twice"):
        read_keys(path)


def test_a_file_that_others_can_read_is_refused(path):
    add_key(path, "shop")
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="open to others than its owner; close it with: chmod 600"):
        read_keys(path)


def test_a_file_that_is_not_there_or_too_large_is_one_sentence(path, monkeypatch):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_keys(path)
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 10)
    with pytest.raises(OutputError, match="would be larger than 10 bytes"):
        add_key(path, "shop")
    path.write_text(" " * 11)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="is larger than 10 bytes"):
        read_keys(path)
