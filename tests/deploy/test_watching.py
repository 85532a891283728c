"""Board and alerts ask for what the server exports, and for nothing else."""

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.app.conftest import serving, wait_until_ready
from tests.serve.fake_voice import FakeVoice, service_of

from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.voices import find_voice

yaml = pytest.importorskip("yaml")

OTHERS = {
    # of Prometheus itself, and of prom/node-exporter, which compose.yaml starts
    "up": {"job", "instance"},
    "node_filesystem_avail_bytes": {"mountpoint", "fstype", "device", "instance"},
    "node_filesystem_size_bytes": {"mountpoint", "fstype", "device", "instance"},
    "node_memory_MemAvailable_bytes": {"instance"},
    "node_memory_MemTotal_bytes": {"instance"},
}
OF_SCRAPES = {"job", "instance"}
"""Labels that Prometheus adds to all that it reads."""
WORDS = {"by", "without", "and", "or", "unless", "on", "ignoring", "group_left", "group_right", "bool", "offset"}


def asked(query: str) -> dict[str, set[str]]:
    """Return the metrics of a query with the labels that it names, those of groupings among them."""
    query = query.replace("$__rate_interval", "1m").replace("$instance", "x")
    labels: dict[str, set[str]] = defaultdict(set)
    groups = {name for inner in re.findall(r"\b(?:by|without)\s*\(([^)]*)\)", query) for name in re.findall(r"\w+", inner)}
    query = re.sub(r"\b(?:by|without)\s*\([^)]*\)", "", query)
    query = re.sub(r"\[[^\]]*\]", "", query)
    for name, inner in re.findall(
        r'([a-zA-Z_:][\w:]*)\s*(\{(?:[^{}"]|"[^"]*")*\})?(?![\w(:])', re.sub(r"\d+(?:\.\d+)?e\d+", "0", query)
    ):
        if re.search(rf"\b{re.escape(name)}\s*\(", query) or name in WORDS:
            continue
        labels[name] |= set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", inner)) | groups
    return dict(labels)


def test_queries_are_read_right() -> None:
    query = 'histogram_quantile(0.95, sum by (le) (rate(a_bucket{b=~"x|y",c!="{"}[5m]))) / max(d) > 8e8 and up == 0'
    assert asked(query) == {"a_bucket": {"b", "c", "le"}, "d": {"le"}, "up": {"le"}}


def queries_of_board(board: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for note in board["annotations"]["list"]:
        yield note["name"], note["expr"]
    for variable in board["templating"]["list"]:
        metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"]).groups()
        yield variable["name"], f"sum by ({label}) ({metric})"


@pytest.fixture(scope="module")
def exported() -> dict[str, set[str]]:
    """Names of all samples of a running server, after it has spoken, with the labels of each."""
    voice = FakeVoice()
    service = service_of(voice, open_bundle(find_voice("default")))
    with serving(service) as client:
        wait_until_ready(client, service)
        assert client.post("/api/tts", json={"text": "一。二。"}).status_code == 200
        text = client.get("/metrics").text
    names: dict[str, set[str]] = defaultdict(set)
    for line in text.splitlines():
        if not line.startswith("#"):
            name, inner = re.match(r'([\w:]+)(?:\{((?:[^{}"]|"(?:\\.|[^"\\])*")*)\})? ', line).groups()
            names[name] |= set(re.findall(r'(\w+)="', inner or "")) | OF_SCRAPES
    assert len(names) > 20
    return names


def test_every_panel_and_alert_asks_for_what_is_exported(exported: dict[str, set[str]], deploy: Path) -> None:
    board = json.loads((deploy / "grafana" / "tingshuo.json").read_text("utf-8"))
    groups = yaml.safe_load((deploy / "prometheus" / "alerts.yml").read_text("utf-8"))["groups"]
    queries = [*queries_of_board(board), *((rule["alert"], rule["expr"]) for group in groups for rule in group["rules"])]
    assert len(queries) > 30
    known = exported | OTHERS
    wrong = [
        f"{where}: {name}{sorted(labels - known.get(name, set()))}"
        for where, query in queries
        for name, labels in asked(query).items()
        if name not in known or labels - known[name]
    ]
    assert not wrong, "metrics or labels that no server has"
    assert all(asked(query) for _, query in queries)


def test_the_board_can_be_provisioned(deploy: Path) -> None:
    board = json.loads((deploy / "grafana" / "tingshuo.json").read_text("utf-8"))
    source = yaml.safe_load((deploy / "compose" / "grafana" / "datasources" / "prometheus.yaml").read_text("utf-8"))
    uid = source["datasources"][0]["uid"]
    panels = board["panels"]
    assert {target["datasource"]["uid"] for panel in panels for target in panel.get("targets", ())} == {uid}
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert board["uid"]
    assert "id" not in board, "Grafana numbers it"
    cells = [
        (column, line)
        for place in (panel["gridPos"] for panel in panels)
        for column in range(place["x"], place["x"] + place["w"])
        for line in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells)), "panels lie over each other"
    assert max(column for column, _ in cells) < 24


def test_every_alert_says_what_to_do(deploy: Path) -> None:
    groups = yaml.safe_load((deploy / "prometheus" / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in (rule for group in groups for rule in group["rules"]):
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert rule["annotations"].keys() == {"summary", "action"}, rule["alert"]


def test_alerts_fire_when_they_should(need: Any, deploy: Path, tmp_path: Path) -> None:
    promtool = need("promtool", "it comes with Prometheus (Debian: apt install prometheus)")
    for name in ("alerts.yml", "prometheus.yml"):
        (tmp_path / name).write_text((deploy / "prometheus" / name).read_text("utf-8"), "utf-8")
    (tmp_path / "test.yml").write_text((Path(__file__).parent / "alerts_test.yml").read_text("utf-8"), "utf-8")
    for check in (
        ["check", "config", "--syntax-only", "prometheus.yml"],
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "test.yml"],
    ):
        done = subprocess.run([promtool, *check], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
