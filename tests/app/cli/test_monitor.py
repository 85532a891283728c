"""``monitor``, with a voice that is opened and not evaluated."""

import configparser
import json
import re
import shlex
from pathlib import Path

import pytest

from tingshuo.app.cli.monitor import ALARM
from tingshuo.data.utterance import Utterance, write_manifest
from tingshuo.errors import OUTCOMES, OutputError
from tingshuo.tasks import voices
from tingshuo.tasks.evaluate.figures import Figure
from tingshuo.tasks.evaluate.result import Evaluation
from tingshuo.tasks.monitor import schedule, watch, webhook
from tingshuo.tasks.monitor.bands import ROUNDS, read_bands

PAGE = (Path(__file__).parents[3] / "docs/monitor.md").read_text("utf-8")


@pytest.fixture
def rtf():
    """The real-time factor that is measured next, in a list; an error is raised."""
    return [0.02]


@pytest.fixture
def monitor(tingshuo, voice, rtf, monkeypatch, tmp_path):
    """Run the verb in an empty folder; what is measured is ``rtf`` and two opinions."""

    def evaluate(voice, watched, progress):
        if isinstance(rtf[0], Exception):
            raise rtf[0]
        count = len(watched.rows or watched.texts)
        figures = [Figure("dnsmos_ovrl", "speech", 3.2, 3.1, 3.3, 2), Figure("rtf", "speech", rtf[0], rtf[0], rtf[0], count)]
        known = ("default", "1.2.0", voice.precision, "natural", ("tan",), watched.subject, 24000, 256, [None] * count)
        return Evaluation(*known, figures=figures, notes=["Timbre not measured."])

    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(watch, "load", lambda name: voices.find_voice(name) and voice)
    monkeypatch.setattr(watch, "evaluate", evaluate)
    return lambda *arguments: tingshuo("monitor", *arguments)


@pytest.fixture
def posted(monkeypatch):
    """What was posted to webhooks."""
    found = []
    monkeypatch.setattr(webhook, "send", lambda url, event: found.append((url, event)))
    return found


@pytest.fixture
def corpus(tmp_path):
    rows = [Utterance(id=str(k), audio=f"{k}.wav", text="今天天气很好。", split="train" if k else "dev") for k in range(40)]
    for row in rows:
        (tmp_path / row.audio).touch()
    write_manifest(tmp_path / "corpus.jsonl", rows)
    return tmp_path / "corpus.jsonl"


def test_a_round_is_measured_kept_and_shown(monitor, tmp_path):
    done = monitor("--once", "--count", 3)
    assert (done.code, done.err) == (0, "")
    assert "default 1.2.0 (tan)" in done.text
    assert "on 3 of the built-in sentences" in done.text
    assert re.search(r"RTF +│ rtf +│ 0\.02000 │ +│ learning", done.text)
    assert f"Bands are being learnt: round 1 of {ROUNDS}" in done.text
    assert "Timbre not measured." in done.text
    assert (tmp_path / "home/monitor/default.sqlite3").is_file()


def test_bands_are_learnt_and_then_hold(monitor, rtf):
    codes = [monitor("--once", "--count", 3).code for _ in range(ROUNDS + 1)]
    assert codes == [0] * (ROUNDS + 1)
    rtf[0] = 0.2
    done = monitor("--once", "--count", 3)
    assert done.code == ALARM
    assert re.fullmatch(r"Alarm: RTF is 0\.20000, above its band \(at most 0\.02040\)\.\n", done.err)
    assert "What helps:  tingshuo bench --voice default" in done.text
    assert monitor("--once", "--count", 2).code == 0, "other texts are another series"
    assert "round 1 of" in monitor("--once", "--count", 3, "--relearn").text


def test_the_alarm_code_is_that_of_no_error():
    assert ALARM not in {outcome.exit_code for outcome in OUTCOMES.values()}


def test_written_bands_alarm_at_once_with_the_training_that_helps(monitor, tmp_path, posted):
    (tmp_path / "b.yaml").write_text("dnsmos_ovrl: {low: 3.5}\nrtf: {high: 0.1}\n")
    done = monitor("--once", "--count", 1, "--bands", "b.yaml", "--webhook", "https://example.org/x")
    assert done.code == ALARM
    assert "tingshuo train recordings -o default-" in done.text
    assert "--from default --config statements.yaml" in done.text
    assert "bench" not in done.text
    ((url, event),) = posted
    assert url == "https://example.org/x"
    assert [figure["name"] for figure in event["figures"]] == ["dnsmos_ovrl"]


def test_a_webhook_is_left_alone_without_an_alarm(monitor, posted):
    assert monitor("--once", "--count", 1, "--webhook", "https://example.org/x").code == 0
    assert posted == []


def test_a_webhook_that_fails_loses_nothing(monitor, tmp_path, monkeypatch):
    def fail(*_):
        raise OutputError("the webhook at example.org answered 500, so it may not know")

    monkeypatch.setattr(webhook, "send", fail)
    (tmp_path / "b.yaml").write_text("rtf: {high: 0.001}")
    done = monitor("--once", "--count", 1, "--bands", "b.yaml", "--webhook", "https://example.org/x", "--report", "t.html")
    assert done.code == ALARM
    assert "Note: the webhook at example.org answered 500" in done.err
    assert (tmp_path / "t.html").is_file()
    assert monitor("--show", "--count", 1).code == ALARM


def test_json(monitor, tmp_path):
    (tmp_path / "b.json").write_text('{"rtf": {"high": 0.001}}')
    done = monitor("--once", "--count", 2, "--bands", "b.json", "--json", "--report", "t.html")
    content = json.loads(done.out)
    assert (content["alarm"], content["n"], content["notes"]) == (True, 2, ["Timbre not measured."])
    assert {figure["name"]: figure["verdict"] for figure in content["figures"]} == {"dnsmos_ovrl": "free", "rtf": "above"}
    assert content["remedy"] == ["tingshuo bench --voice default"]
    assert "Written: t.html" in done.err


def test_show_measures_nothing(monitor, rtf, tmp_path):
    assert monitor("--show").code == 7
    monitor("--once", "--history", "h.sqlite3", "--count", 1)
    rtf[0] = AssertionError("measured")
    done = monitor("--show", "--history", "h.sqlite3", "--count", 1, "--report", "t.html")
    assert done.code == 0
    assert "Round 1," in done.text
    assert "声音监测" in (tmp_path / "t.html").read_text("utf-8")


def test_rounds_follow_one_another_and_one_that_fails_does_not_end_them(monitor, rtf, posted, monkeypatch):
    seen = []
    values = iter([OutputError("the disk is full"), ZeroDivisionError("a bug"), 0.04])

    def sleep(seconds):
        seen.append(seconds)
        rtf[0] = next(values, None)
        if rtf[0] is None:
            raise KeyboardInterrupt

    monkeypatch.setattr(schedule.repeat, "__kwdefaults__", {"sleep": sleep, "clock": lambda: 0.0})
    done = monitor("--every", "30m", "--count", 1, "--json", "--webhook", "https://example.org/x")
    assert done.code == 130
    assert seen == [1800.0] * 4
    rounds = [json.loads(line) for line in done.text.splitlines()]
    assert [one["figures"][1]["value"] for one in rounds] == [0.02, 0.04]
    assert "This round failed: OutputError: the disk is full" in done.err
    assert [event["error"] for _, event in posted] == ["OutputError", "ZeroDivisionError"]


def test_a_corpus_is_watched_on_its_held_out_rows(monitor, corpus):
    content = json.loads(monitor("--once", "--data", corpus, "--json").out)
    assert (content["n"], content["subject"]) == (1, "corpus.jsonl, split dev")


@pytest.fixture
def requests(tmp_path):
    """A file of requests that are all alike; the corpus has such texts, too."""

    def requests(text):
        path = tmp_path / "requests.jsonl"
        path.write_text((json.dumps({"text": text}) + "\n") * 40, "utf-8")
        return path

    return requests


def test_inputs_like_the_corpus_are_steady(monitor, corpus, requests):
    done = monitor("--inputs", requests("明天我们开会。"), "--data", corpus)
    assert done.code == 0
    assert re.search(r"characters of a sentence .* steady", done.text)


def test_inputs_that_have_moved_are_an_alarm(monitor, corpus, requests, posted):
    long = requests("今天上午我们一起去城外的大公园里散步看花喝茶。")
    done = monitor("--inputs", long, "--data", corpus, "--webhook", "https://example.org/x", "--json")
    assert done.code == ALARM
    content = json.loads(done.out)
    assert content["drift"][0]["verdict"] == "alarm"
    assert content["remedy"][0].startswith("tingshuo train recordings -o default-")
    assert posted[0][1]["quantities"][0]["name"] == "sentence_characters"
    assert "What helps:" in monitor("--inputs", long, "--data", corpus).text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nobody", "--once"], 2, "unknown voice 'nobody'"),
        (["--once", "--data", "a", "--texts", "b"], 2, "--data and --texts exclude each other"),
        (["--once", "--split", "exam"], 2, "unknown split 'exam'; accepted: train, dev, test"),
        (["--once", "--texts", "none.txt"], 2, "none.txt: cannot be read"),
        (["--every", "soon"], 2, "such as 6h"),
        (["--webhook", "ftp://x", "--once"], 2, "must be an address"),
        (["--once", "--bands", "none.yaml"], 3, "none.yaml: cannot be read"),
        (["--once", "--show"], 2, "--show and --once exclude each other"),
        (["--inputs", "r.jsonl", "--once"], 2, "--inputs and --once exclude each other"),
        (["--inputs", "r.jsonl", "--report", "t.html"], 2, "--inputs and --report exclude each other"),
        (["--inputs", "none.jsonl"], 12, "none.jsonl: cannot be read"),
        (["--inputs", "R"], 7, "has no statistics.json"),
        (["--style", "baroque"], 2, "unknown style 'baroque'"),
        (["--once", "--history", "R"], 2, "is damaged, or no history"),
    ],
)
def test_what_cannot_be_done_is_one_line(monitor, requests, arguments, code, words):
    places = {"R": requests("好。")}
    done = monitor(*(places.get(argument, argument) for argument in arguments))
    assert done.code == code
    assert words in done.err
    assert done.err.count("\n") == 1


def commands(text):
    """The arguments of every ``tingshuo monitor`` on the page."""
    found = re.findall(r"^(?:.*/bin/)?tingshuo monitor (.*?)(?:  +#.*| >>.*)?$", text, re.MULTILINE)
    return [shlex.split(line) for line in found]


def test_the_commands_of_the_page_are_accepted(monitor):
    found = commands(PAGE)
    assert len(found) >= 10
    for arguments in found:
        assert monitor(*arguments, "--help").code == 0, arguments


def test_the_schedules_of_the_page_run(monitor, tmp_path):
    (tmp_path / "bands.yaml").write_text(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1])
    assert len(read_bands(tmp_path / "bands.yaml")) == 4
    (cron,) = re.findall(r"^\d+ \*/6 \* \* \*  .*$", PAGE, re.MULTILINE)
    units = [configparser.ConfigParser(interpolation=None) for _ in range(2)]
    for unit, text in zip(units, re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL), strict=True):
        unit.optionxform = str
        unit.read_string(text)
    service, timer = units
    assert re.fullmatch(r"\*-\*-\* 00/6:\d\d:00", timer["Timer"]["OnCalendar"])
    assert timer["Install"]["WantedBy"] == "timers.target"
    lines = [cron, service["Service"]["ExecStart"]]
    assert all("/.venv/bin/tingshuo monitor " in line.replace(" .venv", " /.venv") for line in lines)
    for arguments in commands("\n".join(lines)):
        assert "--once" in arguments
        done = monitor(*arguments)
        assert done.code == ALARM, "two of the page's figures are not measured here"
        assert (tmp_path / "trend.html").is_file()


def test_the_page_has_the_exit_code_and_the_rounds_of_learning():
    assert f"| {ALARM} |" in PAGE
    assert f"**{ROUNDS} 轮**" in PAGE
    assert f"**{ROUNDS} rounds**" in PAGE
