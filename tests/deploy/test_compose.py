"""compose.yaml and what it mounts; `prepare`, with a Docker that only takes notes."""

import re
import stat
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml")


@pytest.fixture(scope="module")
def compose(deploy: Path) -> dict[str, Any]:
    return yaml.safe_load((deploy / "compose" / "compose.yaml").read_text("utf-8"))


def test_every_service_is_locked_in(compose: Any) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert not {"privileged", "cap_add", "network_mode", "pid", "ipc"} & set(service), name
        image = service["image"]
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+(-alpine)?", image), f"{name}: {image} is not pinned"
        assert "healthcheck" in service or name == "tingshuo", "that of the Dockerfile"


def test_only_two_ports_are_published_and_only_here(compose: Any) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert published.keys() == {"tingshuo", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert {name for name, network in compose["networks"].items() if network.get("internal")} == {"count", "watch"}


def test_the_server_starts_with_options_that_it_has(compose: Any, serve_options: Any) -> None:
    server = compose["services"]["tingshuo"]
    options = serve_options(server["command"])
    assert None not in (options["keys"], options["redis"], options["audit"])
    home = server["volumes"][0].partition(":")[2]
    assert all(str(options[name]).startswith(f"{home}/") for name in ("keys", "audit", "cache_dir"))
    assert int(server["stop_grace_period"].removesuffix("s")) > options["grace"] + 5


def test_passwords_are_nowhere_in_the_files(compose: Any, deploy: Path) -> None:
    assert all("/secrets/" in secret["file"] for secret in compose["secrets"].values())
    ignored = (deploy / "compose" / ".gitignore").read_text("utf-8").split()
    assert {".env", "secrets/"} <= set(ignored)
    environments = [service.get("environment", {}) for service in compose["services"].values()]
    secret = {name: value for one in environments for name, value in one.items() if re.search("PASSWORD|AUTH$|KEY|SECRET", name)}
    assert len(secret) == 2
    assert all(value.startswith(("${", "/run/secrets/")) for value in secret.values())
    redis = compose["services"]["redis"]["command"]
    assert redis[redis.index("--requirepass") + 1].startswith("${REDIS_PASSWORD:?")
    grafana = compose["services"]["grafana"]["environment"]
    assert grafana["GF_AUTH_ANONYMOUS_ENABLED"] == grafana["GF_USERS_ALLOW_SIGN_UP"] == "false"


def test_what_is_mounted_is_there(compose: Any, deploy: Path) -> None:
    here = deploy / "compose"
    for name, service in compose["services"].items():
        for volume in service.get("volumes", ()):
            source, target, *_ = volume.split(":")
            if source.startswith("."):
                assert (here / source).exists(), f"{name}: {source}"
                assert volume.endswith(":ro"), volume
            elif source != "/":
                assert source in compose["volumes"], volume
            assert target.startswith("/")
        assert set(service.get("networks", ())) <= set(compose["networks"])
        assert set(service.get("secrets", ())) <= set(compose["secrets"])
        assert set(service.get("depends_on", ())) <= set(compose["services"])
    context = here / compose["services"]["tingshuo"]["build"]["context"]
    assert (context / compose["services"]["tingshuo"]["build"]["dockerfile"]).is_file()


def test_prometheus_reads_the_services_that_are_there(compose: Any, deploy: Path) -> None:
    config = yaml.safe_load((deploy / "prometheus" / "prometheus.yml").read_text("utf-8"))
    targets = [target for job in config["scrape_configs"] for group in job["static_configs"] for target in group["targets"]]
    watched = {name for name, service in compose["services"].items() if "watch" in service["networks"]}
    assert {target.partition(":")[0] for target in targets} <= watched
    key = next(job["authorization"]["credentials_file"] for job in config["scrape_configs"] if job["job_name"] == "tingshuo")
    assert Path(key).name in compose["services"]["prometheus"]["secrets"]
    mounted = [volume.split(":")[1] for volume in compose["services"]["prometheus"]["volumes"]]
    assert {f"/etc/prometheus/{name}" for name in config["rule_files"]} <= set(mounted)


DOCKER = """
case "$*" in
  *"keys add prometheus"*) echo ts_metrics_key ;;
  *"keys add first"*) echo ts_first_key ;;
esac
"""


@pytest.fixture
def prepare(bash: Any, fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.setenv("TINGSHUO_COMPOSE_DIR", str(place))
    return place, fake("docker", DOCKER), lambda *words: bash("compose/prepare", *words)


def test_prepare_makes_passwords_and_keys_once(prepare: Any) -> None:
    place, calls, run = prepare
    done = run()
    assert done.returncode == 0, done.stderr
    assert "ts_first_key" in done.stdout
    assert "ts_metrics_key" not in done.stdout
    assert (place / "secrets" / "metrics_key").read_text() == "ts_metrics_key\n"
    assert re.fullmatch(r"[0-9a-f]{48}", (place / "secrets" / "grafana_password").read_text())
    assert re.fullmatch(r"REDIS_PASSWORD=[0-9a-f]{48}\n", (place / ".env").read_text())
    assert stat.S_IMODE((place / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((place / ".env").stat().st_mode) == 0o600
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    again = run("--no-build")
    assert again.returncode == 0, again.stderr
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before
    assert sum("keys add" in line for line in calls.read_text().splitlines()) == 2


def test_prepare_leaves_no_empty_key_behind_when_docker_fails(prepare: Any, fake: Any) -> None:
    place, _, run = prepare
    fake("docker", 'case "$*" in *run*) exit 3 ;; esac')
    assert run().returncode != 0
    assert not (place / "secrets" / "metrics_key").read_text()
    fake("docker", DOCKER)
    assert "ts_first_key" in run().stdout


@pytest.mark.parametrize(("words", "why"), [(["--fast"], "unknown option '--fast'"), ([], "does not answer")])
def test_prepare_refuses_with_a_sentence(prepare: Any, fake: Any, words: list[str], why: str) -> None:
    fake("docker", "exit 1")
    done = prepare[2](*words)
    assert done.returncode == 2
    assert why in done.stderr
