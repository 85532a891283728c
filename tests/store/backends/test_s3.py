"""Versions in a bucket: a real server that speaks S3, in another process, and one that refuses."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tingshuo.errors import NotFoundError, RegistryError, RequestError
from tingshuo.store.bundle import open_bundle, verify_bundle
from tingshuo.store.registry import Registry
from tingshuo.store.remote import open_store
from tingshuo.store.remote_pull import check_version, pull
from tingshuo.store.remote_push import push
from tingshuo.store.remote_transfer import blob_key
from tingshuo.store.saving import save

Make = Callable[..., Path]


def test_a_voice_goes_to_a_bucket_and_comes_back(bucket: str, there: Registry, here: Registry, make: Make) -> None:
    first, second = (save(there, make(number), name="听", aliases=["prod"]) for number in (0, 1))
    store = open_store(bucket, allow_http=True)
    assert [push(there, f"听@{saved.record.version}", store, aliases=["prod"]).already for saved in (first, second)] == [
        False,
        False,
    ]
    assert push(there, "听@1.0.0", store).already
    assert store.versions() == {"听": ("1.1.0", "1.0.0")}
    assert check_version(store, "听").ok
    pulled = pull(here, [store], "听", "prod")
    assert pulled.record == second.record
    assert verify_bundle(pulled.path).ok
    shared = open_bundle(first.path).manifest.files["graphs/onnx/fp32/encoder.onnx"].sha256
    ids = [store.record("听", version).version_ids for version in ("1.0.0", "1.1.0")]
    assert len(ids[0]) == len({*ids[0].values()}) == 5, "every object that was written has a version id of its own"
    assert (shared in ids[0], shared in ids[1]) == (True, False), "it was not written again"


def test_of_two_who_publish_a_version_at_once_one_is_refused(bucket: str, tmp_path: Path, make: Make) -> None:
    registries = [Registry(tmp_path / str(number)) for number in (0, 1)]
    for number, registry in enumerate(registries):
        save(registry, make(number))
    begin, outcomes = threading.Barrier(2), []

    def publish(registry: Registry) -> None:
        store = open_store(bucket, allow_http=True)
        find = store.record
        waited: list[int] = []

        def record(name: str, version: str) -> Any:
            try:
                return find(name, version)
            finally:
                if not waited:  # both have seen that it is not there
                    waited.append(begin.wait(20))

        store.record = record  # type: ignore[method-assign]
        try:
            outcomes.append(push(registry, "tiny", store).record.digest)
        except RegistryError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=publish, args=[registry]) for registry in registries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lost, won = sorted(outcomes, key=lambda text: "has another tiny@1.0.0" not in text)
    assert "no version is ever overwritten; save yours as a later version" in lost
    store = open_store(bucket, allow_http=True)
    assert store.record("tiny", "1.0.0").digest == won
    assert check_version(store, "tiny").ok


def test_an_object_that_was_exchanged_is_noticed(bucket: str, there: Registry, here: Registry, make: Make) -> None:
    saved = save(there, make(0))
    store = open_store(bucket, allow_http=True)
    push(there, "tiny", store)
    entry = open_bundle(saved.path).manifest.files["weights/acoustic.safetensors"]
    store.backend.put(blob_key(entry.sha256), bytes(entry.size))
    report = check_version(store, "tiny", "1.0.0")
    assert (report.ok, len(report.problems)) == (False, 1)
    assert "weights/acoustic.safetensors: s3://bucket/" in report.problems[0]
    assert "does not hold what the manifest says; remove it and voices/tiny/1.0.0.json there, and push" in report.problems[0]


def test_a_bucket_that_is_not_there(bucket: str) -> None:
    with pytest.raises(RegistryError, match="s3://none: there is no such bucket"):
        open_store("s3://none", allow_http=True).record("a", "1.0.0")
    with pytest.raises(NotFoundError, match="has no a; it has: none"):
        open_store(bucket, allow_http=True).find("a", "")


def test_an_endpoint_that_is_not_encrypted_has_to_be_allowed(bucket: str) -> None:
    with pytest.raises(RequestError, match=r"the endpoint http://127.0.0.1:\d+ is not encrypted; use https://, or --allow-http"):
        open_store(bucket)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (403, "the store refuses access; look at AWS_ACCESS_KEY_ID"),
        ((403, b"<Error><Code>RequestTimeTooSkewed</Code></Error>"), "whose clock is wrong; set the clock"),
        (500, "the store cannot be reached or does not answer"),
        (501, "the store knows no conditional writes"),
        (418, "418"),
    ],
)
def test_a_store_that_refuses(
    web: Callable[[Path], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Make,
    there: Registry,
    fault: Any,
    message: str,
) -> None:
    pytest.importorskip("obstore")
    from tingshuo.store.backends import s3

    monkeypatch.setattr(s3, "RETRIES", 0)
    server = web(tmp_path)
    server.faults["/"] = [fault]
    for name, value in {"ENDPOINT_URL": server.address, "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "REGION": "x"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    save(there, make(0))
    with pytest.raises(RegistryError, match=message) as raised:
        push(there, "tiny", open_store("s3://bucket", allow_http=True))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500
    server.shutdown()
    server.server_close()
    with pytest.raises(RegistryError, match="the store cannot be reached"):
        push(there, "tiny", open_store("s3://bucket", allow_http=True))


def test_the_library_is_imported_only_for_buckets() -> None:
    lines = (
        "import sys",
        "from tingshuo.store.remote import open_store",
        "open_store('folder'), open_store('https://host')",
        "print('obstore' in sys.modules)",
    )
    code = "; ".join(lines)
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
