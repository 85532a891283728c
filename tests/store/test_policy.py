"""Policies: which key may publish which name, and files that are read strictly."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from tingshuo.errors import BundleError, ConfigError, SignatureError
from tingshuo.store.policy import Policy, check, read_policy
from tingshuo.store.sign import sign_bundle
from tingshuo.store.sign_keys import make_key, read_private_key

Write = Callable[[str], Path]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three keys."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("acme", "other", "third"):
        make_key(folder / name, "ed25519")
    return folder


@pytest.fixture
def write(tmp_path: Path, keys: Path) -> Write:
    """Write a policy beside a folder ``keys``."""
    (tmp_path / "keys").symlink_to(keys, target_is_directory=True)

    def write(text: str) -> Path:
        path = tmp_path / "policy.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture
def policy(write: Write) -> Callable[[str], Policy]:
    """Write a policy and read it."""
    return lambda text: read_policy(write(text))


@pytest.fixture
def signed(tiny: Path, keys: Path) -> Path:
    """The tiny bundle, signed by acme."""
    sign_bundle(tiny, read_private_key(keys / "acme"))
    return tiny


def fingerprint(keys: Path, name: str) -> str:
    return read_private_key(keys / name).public.fingerprint


@pytest.mark.parametrize("pattern", ["tiny", "t*", "t?ny", "[st]iny", "*"])
def test_a_key_may_publish_the_names_that_fit_its_patterns(
    signed: Path, keys: Path, policy: Callable[[str], Policy], pattern: str
) -> None:
    found = check(signed, policy(f'voices: {{"{pattern}": [keys/acme.pub]}}'))
    assert (found.key.label, found.key.fingerprint) == ("keys/acme.pub", fingerprint(keys, "acme"))


@pytest.mark.parametrize("pattern", ["TINY", "tin", "iny", "acme-*", "t?iny"])
def test_a_key_may_not_publish_another_name(signed: Path, keys: Path, policy: Callable[[str], Policy], pattern: str) -> None:
    text = f'voices: {{"{pattern}": [keys/acme.pub], "zzz": [keys/acme.pub], "*": [keys/other.pub]}}'
    with pytest.raises(SignatureError) as caught:
        check(signed, policy(text))
    message = str(caught.value)
    assert f"tiny: is signed with the key keys/acme.pub ({fingerprint(keys, 'acme')[:16]})" in message
    assert message.endswith(f"policy.yaml may not publish 'tiny', only {pattern}, zzz")


def test_the_name_is_that_of_the_manifest(signed: Path, policy: Callable[[str], Policy]) -> None:
    """Not that of the folder, which whoever copies the bundle chooses."""
    moved = signed.rename(signed.with_name("acme-1"))
    with pytest.raises(SignatureError, match="may not publish 'tiny', only acme-"):
        check(moved, policy('voices: {"acme-*": [keys/acme.pub]}'))


def test_any_key_of_any_pattern_that_fits_will_do(signed: Path, policy: Callable[[str], Policy]) -> None:
    assert check(signed, policy("voices: {tiny: [keys/other.pub], t*: [keys/third.pub, keys/acme.pub]}"))


def test_a_key_that_the_policy_does_not_name_is_refused(signed: Path, policy: Callable[[str], Policy]) -> None:
    with pytest.raises(SignatureError, match=r"signature.json: is by the key '\w{16}'; accepted: keys/other.pub \(\w{16}\)$"):
        check(signed, policy("voices: {tiny: [keys/other.pub]}"))


def test_a_bundle_without_signature_is_refused(tiny: Path, policy: Callable[[str], Policy]) -> None:
    with pytest.raises(SignatureError, match=r"has no signature\.json"):
        check(tiny, policy('voices: {"*": [keys/acme.pub]}'))


def test_a_changed_file_is_refused_before_the_name_is_read(
    signed: Path, policy: Callable[[str], Policy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tingshuo.store.policy.read_manifest", None)
    (signed / "manifest.json").write_bytes(b"[" * 100_000)
    with pytest.raises(SignatureError, match=r"manifest\.json: is not the one that was signed"):
        check(signed, policy('voices: {"*": [keys/acme.pub]}'))


def test_what_was_signed_must_still_be_a_bundle(
    signed: Path, keys: Path, policy: Callable[[str], Policy], monkeypatch: pytest.MonkeyPatch
) -> None:
    (signed / "manifest.json").write_bytes(b"{}")
    report = type("Report", (), {"ok": True})()
    monkeypatch.setattr("tingshuo.store.sign.verify_bundle", lambda _: report)
    sign_bundle(signed, read_private_key(keys / "acme"), replace=True)
    with pytest.raises(BundleError, match="schema version None"):
        check(signed, policy('voices: {"*": [keys/acme.pub]}'))


def test_a_key_may_stand_in_the_policy_itself(signed: Path, keys: Path, policy: Callable[[str], Policy]) -> None:
    pem = (keys / "acme.pub").read_text().replace("\n", "\n      ")
    found = check(signed, policy(f"voices:\n  tiny:\n    - |\n      {pem}\n"))
    assert (found.key.label, found.key.fingerprint) == ("in the policy", fingerprint(keys, "acme"))


@pytest.mark.parametrize("how", ["path", "pem", "fingerprint", "FINGERPRINT"])
def test_a_revoked_key_is_refused_whatever_stands_above(
    signed: Path, keys: Path, policy: Callable[[str], Policy], how: str
) -> None:
    digits = fingerprint(keys, "acme")
    pem = '"' + (keys / "acme.pub").read_text().replace("\n", "\\n") + '"'
    written = {"path": "keys/acme.pub", "pem": pem, "fingerprint": f'"{digits}"', "FINGERPRINT": f'"{digits.upper()}"'}[how]
    with pytest.raises(SignatureError, match=r"is signed with the key keys/acme\.pub .*policy\.yaml has revoked; ask for"):
        check(signed, policy(f'voices: {{"*": [keys/acme.pub]}}\nrevoked: [{written}]'))
    assert check(signed, policy(f'voices: {{"*": [keys/acme.pub]}}\nrevoked: [{"0" * 63}f]'))


def test_a_key_is_accepted_until_its_last_day(signed: Path, keys: Path, policy: Callable[[str], Policy]) -> None:
    last = datetime.date(2027, 12, 31)
    read = policy('voices: {"*": [keys/acme.pub]}\nnot_after: {keys/acme.pub: 2027-12-31, keys/other.pub: 2000-01-01}')
    assert check(signed, read, today=last)
    with pytest.raises(SignatureError, match=r"policy\.yaml accepts until 2027-12-31 only; ask for a signature with a newer key"):
        check(signed, read, today=last + datetime.timedelta(days=1))
    past = policy(f'voices: {{"*": [keys/acme.pub]}}\nnot_after: {{"{fingerprint(keys, "acme")}": "2001-02-03"}}')
    with pytest.raises(SignatureError, match="accepts until 2001-02-03 only"):
        check(signed, past)


def test_of_two_last_days_of_a_key_the_earlier_counts(keys: Path, policy: Callable[[str], Policy]) -> None:
    digits = fingerprint(keys, "acme")
    for days in ("2027-01-01, {0}: 2026-01-01", "2026-01-01, {0}: 2027-01-01"):
        text = "voices: {a: [keys/acme.pub]}\nnot_after: {keys/acme.pub: " + days.format(f'"{digits}"') + "}"
        assert policy(text).not_after == {digits: datetime.date(2026, 1, 1)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the whole file: Expected `object`, got `null`"),
        ("- voices", "the whole file: Expected `object`, got `array`"),
        ("voices: {}", "voices: Expected `object` of length >= 1"),
        ("revoked: []", "missing required field `voices`"),
        ("voices: {a: []}", "Expected `array` of length >= 1"),
        ("voices: {a: keys/acme.pub}", "Expected `array`, got `str`"),
        ("voices: {1: [keys/acme.pub]}", "Expected `str`"),
        ("voices: {a: [keys/acme.pub]}\nallow: [a]", "unknown field `allow`; a policy has voices: .* not_after: .* revoked: "),
        ("voices: {a: [keys/acme.pub]}\nnot_after: {keys/acme.pub: soon}", "not_after.*: Invalid"),
        ("voices: {a: [keys/acme.pub]}\nnot_after: {keys/acme.pub: 2027-02-30}", "is not YAML: day .* range"),
        ("voices: {a: [keys/acme.pub], a: [keys/other.pub]}", "line 1: is not YAML: 'a' is there twice"),
        ("voices: {a: [keys/acme.pub]}\nvoices: {b: [keys/other.pub]}", "line 2: is not YAML: 'voices' is there twice"),
        ("voices: [", "line 1: is not YAML"),
        ("voices: !!python/object/apply:os.getcwd []", "is not YAML: could not determine a constructor"),
        ("voices: " + "[" * 400, "is not YAML"),
        ("voices: {a: [keys/none.pub]}", "none.pub: cannot be read: No such file"),
        ("voices: {a: [keys/acme]}", "keys/acme: holds a private key; give its public half"),
        ("voices: {a: [keys/acme.pub]}\nrevoked: [keys/none.pub]", "none.pub: cannot be read: No such file"),
        ("voices: {a: [keys/acme.pub]}\nrevoked: [abc]", "abc: cannot be read: No such file"),
        ("voices: {a: ['-----BEGIN PUBLIC KEY-----']}", "in the policy: holds no public key"),
        ('voices: {a: ["a\\0b"]}', "cannot be read"),
    ],
)
def test_a_wrong_policy_is_refused_in_one_line(write: Write, text: str, message: str) -> None:
    path = write(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_policy(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_policy_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none: cannot be read: No such file"):
        read_policy(tmp_path / "none")
    (tmp_path / "latin").write_bytes(b"voices: \xff")
    with pytest.raises(ConfigError, match="latin: is not UTF-8"):
        read_policy(tmp_path / "latin")
