"""TLS by files: each thing that can be wrong has its sentence, and what is right serves."""

import ssl
from datetime import UTC, datetime, timedelta

import httpx
import pytest

pytest.importorskip("cryptography")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tingshuo.app.http.tls import server_options, validity
from tingshuo.errors import RequestError

NOW = datetime.now(UTC).replace(microsecond=0)


def make(folder, name="server", begins=NOW - timedelta(days=1), ends=NOW + timedelta(days=30), password=None):
    """Write a certificate for localhost that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    built = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
    built = built.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    cert = built.sign(key, hashes.SHA256())
    lock = serialization.NoEncryption() if password is None else serialization.BestAvailableEncryption(password)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    paths[0].write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(private)
    return paths


def test_neither_file_is_no_tls():
    assert server_options(None, None) == {"proxy_headers": False}


def test_both_files_are_what_uvicorn_wants(tmp_path):
    cert, key = make(tmp_path)
    assert server_options(cert, key) == {"proxy_headers": False, "ssl_certfile": str(cert), "ssl_keyfile": str(key)}


def test_one_file_asks_for_the_other(tmp_path):
    cert, key = make(tmp_path)
    for files in ((cert, None), (None, key)):
        with pytest.raises(RequestError, match="TLS needs both files"):
            server_options(*files)


def test_a_file_that_is_missing_or_cannot_be_read(tmp_path):
    cert, key = make(tmp_path)
    with pytest.raises(RequestError, match="none: the certificate cannot be read: No such file"):
        server_options(tmp_path / "none", key)
    with pytest.raises(RequestError, match="none: the key cannot be read: No such file"):
        server_options(cert, tmp_path / "none")
    with pytest.raises(RequestError, match="the key cannot be read: Is a directory"):
        server_options(cert, tmp_path)


def test_files_that_are_something_else(tmp_path):
    cert, key = make(tmp_path)
    with pytest.raises(RequestError, match="is no certificate in PEM"):
        server_options(key, key)
    with pytest.raises(RequestError, match="is no key in PEM"):
        server_options(cert, cert)
    broken = tmp_path / "broken"
    broken.write_text(cert.read_text()[:200] + "\n-----END CERTIFICATE-----\n")
    with pytest.raises(RequestError, match=r"broken and .*: cannot be used"):
        server_options(broken, key)


def test_a_key_of_another_certificate(tmp_path):
    cert, _ = make(tmp_path)
    _, other = make(tmp_path, "other")
    with pytest.raises(RequestError, match=rf"{other}: is not the key of the certificate {cert}"):
        server_options(cert, other)


def test_a_key_with_a_password_does_not_stop_to_ask(tmp_path):
    cert, key = make(tmp_path, password=b"word")
    with pytest.raises(RequestError, match="the key has a password; take it off with: openssl pkey"):
        server_options(cert, key)


@pytest.mark.parametrize("far", [timedelta(days=400), timedelta(days=365 * 40)])  # from 2050 on dates are written otherwise
def test_a_certificate_that_is_over_or_has_not_begun(tmp_path, far):
    cert, key = make(tmp_path, begins=NOW - timedelta(days=9), ends=NOW + far)
    first, last = validity(cert.read_text(), "x")
    assert (first, last) == ((NOW - timedelta(days=9)).timestamp(), (NOW + far).timestamp())
    server_options(cert, key, last)
    day = (NOW + far).date()
    with pytest.raises(RequestError, match=f"the certificate ended on {day}; renew it"):
        server_options(cert, key, last + 1)
    with pytest.raises(RequestError, match=r"the certificate begins on .*; check the clock"):
        server_options(cert, key, first - 1)


@pytest.mark.parametrize(
    "text", ["", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_what_is_no_certificate_has_no_dates(text):
    with pytest.raises(RequestError, match="x: holds no certificate that can be read"):
        validity(text, "x")


def test_it_serves(tmp_path, service, serve_guarded):
    cert, key = make(tmp_path)
    with serve_guarded(service, **server_options(cert, key)) as plain:
        url = str(plain.base_url).replace("http://127.0.0.1", "https://localhost")
        with httpx.Client(base_url=url, verify=ssl.create_default_context(cafile=str(cert)), timeout=30) as client:
            reply = client.get("/healthz")
    assert reply.status_code == 200
    assert reply.headers["strict-transport-security"] == "max-age=31536000"
