"""The chart, without helm: its values, its schema, and that its templates use the one and the other. With helm: helm itself."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tingshuo

yaml = pytest.importorskip("yaml")


@pytest.fixture(scope="module")
def chart(deploy: Path) -> Path:
    return deploy / "helm" / "tingshuo"


@pytest.fixture(scope="module")
def values(chart: Path) -> dict[str, Any]:
    return yaml.safe_load((chart / "values.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def schema(chart: Path) -> dict[str, Any]:
    return json.loads((chart / "values.schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def templates(chart: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted((chart / "templates").iterdir())}


def leaves(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in values.items():
        if isinstance(value, dict) and value and name not in ("annotations", "requests", "limits"):
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name)


def test_versions_are_those_of_the_package(chart: Path) -> None:
    about = yaml.safe_load((chart / "Chart.yaml").read_text("utf-8"))
    assert about["appVersion"] == about["version"] == tingshuo.__version__


def test_every_value_is_used_and_every_used_one_is_there(values: Any, templates: Any) -> None:
    used = {tuple(path.split(".")) for text in templates.values() for path in re.findall(r"\.Values\.([\w.]+)", text)}
    there = set(leaves(values))
    prefixes = {path[:n] for path in there for n in range(1, len(path) + 1)}
    assert used <= prefixes, "used, but not in values.yaml"
    assert not [path for path in there if not any(path[: len(one)] == one for one in used)], "in values.yaml, but not used"


def test_actions_are_closed_and_names_defined(templates: Any) -> None:
    defined = {name for text in templates.values() for name in re.findall(r'define "([\w.]+)"', text)}
    for name, text in templates.items():
        assert "{{" not in re.sub(r"\{\{.*?\}\}", "", text, flags=re.DOTALL), name
        text = re.sub(r"\{\{-?\s*/\*.*?\*/\s*-?\}\}", "", text, flags=re.DOTALL)
        depth = 0
        for action in re.findall(r"\{\{-?\s*(\w+)", text):
            depth += (action in ("if", "range", "with", "define")) - (action == "end")
            assert depth >= 0, name
        assert depth == 0, f"{name}: {depth} actions are not closed"
        assert set(re.findall(r'(?:include|template) "([\w.]+)"', text)) <= defined, name


def check(value: Any, rule: dict[str, Any], root: dict[str, Any], where: str = "values") -> None:
    """Compare a value with the part of JSON Schema that ours uses; a keyword that is not known here is an error."""
    if "$ref" in rule:
        rule = root["definitions"][rule["$ref"].rpartition("/")[2]]
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
    for keyword, wanted in rule.items():
        if keyword == "type":
            names = wanted if isinstance(wanted, list) else [wanted]
            assert any(isinstance(value, kinds[name]) and (name == "boolean" or not isinstance(value, bool)) for name in names), (
                where
            )
        elif keyword == "properties":
            for name in wanted.keys() & value.keys():
                check(value[name], wanted[name], root, f"{where}.{name}")
        elif keyword == "additionalProperties":
            for name in value.keys() - rule.get("properties", {}).keys():
                assert wanted is not False, f"{where}: {name} is not known"
                check(value[name], wanted, root, f"{where}.{name}")
        elif keyword == "items":
            for item in value:
                check(item, wanted, root, f"{where}[]")
        else:
            assert holds(keyword, value, wanted), f"{where}: {keyword} {wanted}, got {value!r}"


def holds(keyword: str, value: Any, wanted: Any) -> bool:
    """Whether a value fits a keyword that has no parts."""
    rules = {
        "required": lambda: set(wanted) <= value.keys(),
        "enum": lambda: value in wanted,
        "pattern": lambda: not isinstance(value, str) or bool(re.search(wanted, value)),
        "minimum": lambda: value >= wanted,
        "maximum": lambda: value <= wanted,
        "exclusiveMinimum": lambda: value > wanted,
        "minLength": lambda: len(value) >= wanted,
        "maxLength": lambda: len(value) <= wanted,
        "minItems": lambda: len(value) >= wanted,
        "not": lambda: value != wanted["const"],
        **dict.fromkeys(("$schema", "title", "definitions"), lambda: True),
    }
    return rules[keyword]()


def test_the_values_fit_their_schema(values: Any, schema: Any) -> None:
    check(values, schema, schema)


@pytest.mark.parametrize(
    "wrong",
    [
        {"replica": 2},
        {"replicas": 0},
        {"image": {"repository": "x", "tag": "latest"}},
        {"server": {"maxWait": 0}},
        {"server": {"producer": "听说"}},
        {"server": {"voise": "x"}},
        {"service": {"type": "External"}},
        {"resources": {"limits": {"memory": "1 GB"}}},
        {"keys": {"existingSecret": "-x"}},
        {"keys": {"allowOpen": "yes"}},
    ],
)
def test_the_schema_refuses_what_is_wrong(values: Any, schema: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        check(values | wrong, schema, schema)


def test_uses_are_those_of_the_program(schema: Any) -> None:
    from tingshuo.app.http.profiles import PROFILES

    assert schema["properties"]["server"]["properties"]["profile"]["enum"] == ["", *PROFILES]


def test_every_value_is_in_the_schema(values: Any, schema: Any) -> None:
    for path in leaves(values):
        rule = schema
        for name in path:
            if "$ref" in rule:
                rule = schema["definitions"][rule["$ref"].rpartition("/")[2]]
            assert name in rule["properties"], path
            rule = rule["properties"][name]


def arguments(text: str, values: dict[str, Any]) -> list[str]:
    """Return the arguments of the container as with every `if` true and one of each `range`."""
    block = text[text.index("args:") : text.index("ports:")]
    found = []
    for line in re.findall(r"^\s+- (.+)$", block, re.MULTILINE):
        formatted = re.match(r'\{\{ printf "([^"]+)" (\S+) \| quote \}\}', line)
        if formatted:
            value = "10.0.0.0/8"  # of a range
            if formatted[2] != ".":
                value = values
                for name in formatted[2].removeprefix(".Values.").split("."):
                    value = value[name]
            line = formatted[1].replace("%v", "%s") % value
        if not line.startswith(("{{", "{", "name:")):
            found.append(line.replace("$(REDIS_URL)", "redis://host:6379/0"))
    return found


def test_the_server_starts_with_options_that_it_has_and_stops_in_time(values: Any, templates: Any, serve_options: Any) -> None:
    text = templates["deployment.yaml"]
    words = arguments(text, values)
    options = serve_options(words)
    assert len(words) >= 9
    assert (options["host"], options["port"], options["keys"].as_posix()) == ("0.0.0.0", 7000, "/keys/server.json")
    grace = int(re.search(r"terminationGracePeriodSeconds: (\d+)", text)[1])
    pause = int(re.search(r'command: \[sleep, "(\d+)"\]', text)[1])
    assert grace > options["grace"] + pause + 5


def test_pods_are_locked_in_and_probed(templates: Any) -> None:
    text = templates["deployment.yaml"]
    containers = text.count("image: {{")
    assert text.count("allowPrivilegeEscalation: false") == text.count("readOnlyRootFilesystem: true") == containers == 2
    assert text.count("capabilities: {drop: [ALL]}") == containers
    assert "runAsNonRoot: true" in text
    assert "automountServiceAccountToken: false" in text
    probes = dict(re.findall(r"(\w+Probe):\n\s+httpGet: \{path: (\S+),", text))
    assert probes == {"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/healthz"}
    assert "maxUnavailable: 0" in text


def test_the_user_is_that_of_the_image(templates: Any, deploy: Path) -> None:
    user, group = re.search(r"^USER (\d+):(\d+)$", (deploy / "Dockerfile").read_text("utf-8"), re.MULTILINE).groups()
    text = templates["deployment.yaml"]
    assert f"runAsUser: {user}" in text
    assert f"runAsGroup: {group}" in text
    assert f"fsGroup: {group}" in text


def test_a_reply_and_its_audio_come_from_one_server(templates: Any, values: Any) -> None:
    assert "sessionAffinity: ClientIP" in templates["service.yaml"]
    assert values["ingress"]["annotations"]["nginx.ingress.kubernetes.io/upstream-hash-by"] == "$remote_addr"


def test_helm_renders_it(need: Any, chart: Path) -> None:
    helm = need("helm", "https://helm.sh/docs/intro/install")
    everything = "ingress,autoscaling,serviceMonitor".split(",")
    options = [f"--set={name}.enabled=true" for name in everything] + ["--set=keys.existingSecret=k,redis.existingSecret=r"]
    for words in (
        ["lint", chart, *options],
        ["template", "speech", chart, *options],
        ["template", "speech", chart, "--set=keys.allowOpen=true"],
    ):
        done = subprocess.run([helm, *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        if words[0] == "template":
            assert {document["kind"] for document in yaml.safe_load_all(done.stdout) if document} >= {"Deployment", "Service"}
    refused = subprocess.run([helm, "template", "speech", chart], capture_output=True, text=True)
    assert "give the server keys" in refused.stderr
