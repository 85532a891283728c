"""Pulling from web servers that misbehave: one clear sentence, nothing half installed, and the next pull completes."""

import http.server
import io
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tingshuo.errors import HashMismatchError, NotFoundError, RegistryError
from tingshuo.store.backends import https
from tingshuo.store.bundle import open_bundle, verify_bundle
from tingshuo.store.registry import Registry
from tingshuo.store.remote import Store, open_store
from tingshuo.store.remote_pull import pull
from tingshuo.store.remote_push import push
from tingshuo.store.saving import save

Make = Callable[..., Path]
Web = Callable[[Path], Any]
WEIGHTS = "weights/acoustic.safetensors"


@pytest.fixture
def weights(there: Registry, make: Make, tmp_path: Path) -> str:
    """The digest of the weights of a voice that lies at ``tmp_path / "store"``."""
    saved = save(there, make(0), name="听")
    push(there, "听", open_store(str(tmp_path / "store")), aliases=["prod"])
    return open_bundle(saved.path).manifest.files[WEIGHTS].sha256


@pytest.fixture
def server(weights: str, web: Web, tmp_path: Path) -> Any:
    return web(tmp_path / "store")


def opened(server: Any) -> Store:
    return open_store(server.address, allow_http=True)


def installed(registry: Registry) -> list[Path]:
    return [path for path in registry.folder.rglob("*") if "voices" in path.parts]


def test_a_voice_is_pulled_by_version_alias_and_name(server: Any, here: Registry) -> None:
    for wanted in ("1.0.0", "prod", ""):
        pulled = pull(here, [opened(server)], "听", wanted)
        assert pulled.record.label == "听@1.0.0"
    assert verify_bundle(pulled.path).ok
    assert here.pointers("听").now() == {"current": "1.0.0", "prod": "1.0.0"}
    assert opened(server).versions() == {"听": ("1.0.0",)}


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (403, RegistryError, r"refuses access \(403\); the address has to be readable without an account"),
        (404, NotFoundError, r"blobs/../[0-9a-f]{64}: is not there"),
        (500, RegistryError, r"the server cannot answer now \(500 .*\); try again later"),
        (503, RegistryError, r"the server cannot answer now \(503 .*\); try again later"),
        (418, RegistryError, r"the server answers 418"),
        ((302, b""), RegistryError, r"redirects in a circle, more than 5 times, or to no web address"),
        ("hang", RegistryError, r"nothing came for 0.1 seconds"),
        ("short", RegistryError, r"ended after \d+ of \d+ bytes; try again"),
        ("long", HashMismatchError, r"does not hold the \d+ bytes that its name promises"),
        ("other", HashMismatchError, r"does not hold the \d+ bytes that its name promises"),
        ("shift", None, ""),
        ("ftp://127.0.0.1/x", RegistryError, r"redirects to ftp://127.0.0.1/x, which is not"),
        ("file:///etc/passwd", RegistryError, r"redirects in a circle, more than 5 times, or to no web address"),
    ],
)
@pytest.mark.parametrize("what", ["blob", "manifest", "record"])
def test_every_fault_is_one_sentence_and_the_next_pull_completes(
    server: Any,
    weights: str,
    here: Registry,
    monkeypatch: pytest.MonkeyPatch,
    fault: Any,
    kind: type[Exception] | None,
    message: str,
    what: str,
) -> None:
    digest = opened(server).record("听", "1.0.0").digest
    part = {"blob": weights, "manifest": digest, "record": "1.0.0.json"}[what]
    server.faults[part] = [fault]
    if fault == "hang":
        monkeypatch.setattr(https, "TIMEOUT_S", 0.1)
    if kind is not None:
        if what != "blob" and fault in (404, "short", "long", "other"):
            kind, message = Exception, "is not there|has no 听@1.0.0|cannot be read as JSON|is not the one that was pushed|is of"
        with pytest.raises(kind, match=message) as raised:
            pull(here, [opened(server)], "听", "1.0.0")
        assert "\n" not in str(raised.value)
        assert installed(here) == []
    server.faults.clear()
    monkeypatch.undo()
    assert verify_bundle(pull(here, [opened(server)], "听", "1.0.0").path).ok


def test_a_circle_of_redirects_ends(server: Any, weights: str, here: Registry) -> None:
    server.faults[weights] = [f"{server.address}/blobs/{weights[:2]}/{weights}"]
    with pytest.raises(RegistryError, match="redirects in a circle"):
        pull(here, [opened(server)], "听", "1.0.0")
    assert len([path for path, _ in server.asked if weights in path]) <= 6
    server.faults[weights] = [f"{server.address}/blobs/{weights[:2]}/{weights}", None]
    assert verify_bundle(pull(here, [opened(server)], "听", "1.0.0").path).ok


def test_a_file_that_is_shorter_than_it_should_be(server: Any, weights: str, here: Registry) -> None:
    path = server.folder / f"blobs/{weights[:2]}/{weights}"
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(RegistryError, match="is shorter there than it should be; it was damaged"):
        pull(here, [opened(server)], "听", "1.0.0")
    path.write_bytes(content)
    assert verify_bundle(pull(here, [opened(server)], "听", "1.0.0").path).ok


def test_a_redirect_from_https_to_http_is_not_followed(server: Any) -> None:
    redirects = https._Redirects(allow_http=False)
    request, answer = https.Request("https://host/x"), io.BytesIO()
    with pytest.raises(RegistryError, match="redirects to http://host/y, which is not encrypted"):
        redirects.redirect_request(request, answer, 302, "", None, "http://host/y")
    assert answer.closed, "an answer left open is a socket left open"


def test_a_download_that_breaks_goes_on_where_it_was(server: Any, weights: str, here: Registry) -> None:
    server.faults[weights] = ["die", "die", None]
    size = (server.folder / f"blobs/{weights[:2]}/{weights}").stat().st_size
    assert verify_bundle(pull(here, [opened(server)], "听", "1.0.0").path).ok
    half = size // 2
    assert [ranges for path, ranges in server.asked if weights in path] == [
        "",
        f"bytes={half}-",
        f"bytes={half + (size - half) // 2}-",
    ]


def test_a_pull_that_failed_goes_on_in_the_next_run(server: Any, weights: str, here: Registry) -> None:
    server.faults[weights] = ["die", 500]
    with pytest.raises(RegistryError, match="cannot answer now"):
        pull(here, [opened(server)], "听", "1.0.0")
    part = here.folder / "incoming" / weights
    half = part.stat().st_size
    assert half > 0
    assert part.stat().st_mode & 0o077 == 0, "it may be the timbre of a person"
    server.faults.clear()
    server.asked.clear()
    assert verify_bundle(pull(here, [opened(server)], "听", "1.0.0").path).ok
    assert [ranges for path, ranges in server.asked if weights in path] == [f"bytes={half}-"]
    assert not (here.folder / "incoming").exists()


@pytest.mark.parametrize("fault", ["ranges", "shift"])
def test_servers_that_know_no_ranges(server: Any, weights: str, here: Registry, fault: str) -> None:
    (here.folder / "incoming").mkdir(parents=True)
    content = (server.folder / f"blobs/{weights[:2]}/{weights}").read_bytes()
    (here.folder / "incoming" / weights).write_bytes(content[:7])
    server.faults[weights] = [fault]
    if fault == "shift":
        with pytest.raises(RegistryError, match="bytes from 7 on were asked for, the server gives others"):
            pull(here, [opened(server)], "听", "1.0.0")
        server.faults.clear()
    assert verify_bundle(pull(here, [opened(server)], "听", "1.0.0").path).ok


def test_a_mirror_is_asked_when_the_first_fails_or_lies(server: Any, weights: str, here: Registry, web: Web) -> None:
    mirror = web(server.folder)
    server.faults[weights] = ["other"]
    assert verify_bundle(pull(here, [opened(server), opened(mirror)], "听", "1.0.0").path).ok
    asked = [path for path, _ in mirror.asked]
    assert asked.count(f"/blobs/{weights[:2]}/{weights}") == 1
    assert all(path.startswith("/blobs/") for path in asked), "the record was that of the first"


def test_when_all_mirrors_fail_every_one_is_named(server: Any, weights: str, here: Registry, web: Web) -> None:
    mirror = web(server.folder)
    server.faults[weights] = mirror.faults[weights] = [403]
    with pytest.raises(RegistryError, match=f"{server.address}/.*; and {mirror.address}/"):
        pull(here, [opened(server), opened(mirror)], "听", "1.0.0")
    assert installed(here) == []


def test_a_server_that_is_not_there(server: Any, here: Registry, weights: str, web: Web) -> None:
    mirror = web(server.folder)
    server.shutdown()
    server.server_close()
    with pytest.raises(RegistryError, match=r"http://127.0.0.1:\d+: cannot be reached: Connection refused"):
        pull(here, [opened(server)], "听", "1.0.0")
    assert verify_bundle(pull(here, [opened(server), opened(mirror)], "听", "").path).ok


def test_without_an_index_a_version_can_be_pulled_but_not_listed(server: Any, here: Registry) -> None:
    server.faults["index.json"] = [404]
    with pytest.raises(RegistryError, match=r"has no index\.json and so cannot be listed"):
        opened(server).versions()
    with pytest.raises(NotFoundError, match=r"has no 听@9\.0\.0; it has: unknown, as it cannot be listed"):
        pull(here, [opened(server)], "听", "9.0.0")
    assert pull(here, [opened(server)], "听", "prod").record.version == "1.0.0"


def certificate(folder: Path, begins: datetime) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begins, begins + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + built.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], str]]:
    """Serve over TLS with a certificate that begins so many days from now."""
    servers = []

    def serve(days: int) -> str:
        path = certificate(tmp_path, datetime.now(UTC) + timedelta(days=days))
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return f"https://localhost:{server.server_port}"

    yield serve
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(("days", "message"), [(1, "certificate is not yet valid; .*clock"), (-9, "has expired; .*clock")])
def test_a_certificate_of_another_time_points_to_the_clock(tls: Callable[[int], str], days: int, message: str) -> None:
    with pytest.raises(RegistryError, match=f"its certificate is not accepted: .*{message}"):
        open_store(tls(days)).record("a", "1.0.0")


def test_a_certificate_of_somebody_else_is_not_accepted(tls: Callable[[int], str], monkeypatch: pytest.MonkeyPatch) -> None:
    address = tls(-1)
    with pytest.raises(RegistryError, match="the server answers 501"):  # the certificate was accepted
        open_store(address).record("a", "1.0.0")
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(RegistryError, match=r"its certificate is not accepted: self.signed certificate$"):
        open_store(address).record("a", "1.0.0")
