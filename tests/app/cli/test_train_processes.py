"""``tingshuo train`` as a process of its own, and as two that train together: killed, resumed, and published once."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

torch = pytest.importorskip("torch")

import soundfile  # noqa: E402

import tingshuo  # noqa: E402
from tingshuo.store.bundle import open_bundle, verify_bundle  # noqa: E402

pytestmark = pytest.mark.train

SENTENCES = ("今天天气很好。", "我们去公园散步。", "请把窗户打开。", "他昨天才回来。", "这本书很有意思。", "火车站在前面。")
COMMAND = [sys.executable, "-m", "tingshuo.app.cli.main", "train"]
TOGETHER = [
    sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "--no-python", *COMMAND,
]  # fmt: skip
SMALL = {
    "stages": "[acoustic, vocoder, joint]",
    "loop.threads": 1,
    "loop.precision": "fp32",
    "loop.batch_frames": 300,
    "vocoder.batch": 2,
    "vocoder.frames": 16,
    "vocoder.critics_alone": 1,
    "vocoder.periods": 1,
    "vocoder.resolutions": 1,
    "bundle.licence": "CC-BY-SA-4.0",
    "bundle.consent": "a made-up voice",
    "bundle.cloned": "[]",
    "bundle.data_statement": "Six sentences.",
}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory, voice):
    folder = tmp_path_factory.mktemp("recordings")
    for number, text in enumerate(SENTENCES):
        soundfile.write(folder / f"{number}.wav", voice.synthesize(text, pitch=-2).wav, voice.sample_rate)
        (folder / f"{number}.txt").write_text(text, "utf-8")
    return folder


def arguments(recordings, run, *more):
    settings = [part for key, value in SMALL.items() for part in ("--set", f"{key}={value}")]
    return [str(recordings), "-o", str(run), "--from", "default", "--json", *settings, *more]


@pytest.fixture(scope="module")
def together(recordings, tmp_path_factory):
    """What two processes print together, and their run."""
    run = tmp_path_factory.mktemp("together") / "run"
    command = [*TOGETHER, *arguments(recordings, run, "--steps", "2")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), run


def test_two_processes_train_every_stage_and_one_of_them_speaks(together):
    said, run = together
    assert {stage: told["step"] for stage, told in said["stages"].items()} == {"acoustic": 2, "vocoder": 2, "joint": 2}
    assert said["finished"]
    assert said["bundle"] == str(run / "bundle")
    for stage in said["stages"]:
        assert len(list((run / stage / "checkpoints").glob("step-*"))) <= 2
        assert (run / stage / "log.jsonl").read_text().endswith("\n")


def test_the_voice_of_two_processes_speaks(together):
    bundle = together[1] / "bundle"
    assert verify_bundle(bundle).ok
    assert open_bundle(bundle).manifest.parent.startswith("default@")
    assert tingshuo.load(bundle).synthesize("今天天气很好。").duration_s > 0.5


def losses(run, stage):
    lines = [json.loads(line) for line in (run / stage / "log.jsonl").read_text("utf-8").splitlines()]
    return [repr(line["losses"]) for line in lines if "losses" in line]


def test_killed_from_outside_it_goes_on_to_the_same_losses(recordings, tmp_path):
    """``kill -9`` of the command in its second stage; its twin is left alone."""
    logs = ("loop", "vocoder.loop")
    often = [part for loop in logs for key in ("log_every", "checkpoint_every") for part in ("--set", f"{loop}.{key}=1")]
    asked = ["--only", "acoustic", "--only", "vocoder", "--steps", "4", *often]
    runs = {}
    for name in ("whole", "killed"):
        command = [*COMMAND, *arguments(recordings, tmp_path / name, *asked)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_for(tmp_path / name / "vocoder" / "log.jsonl", 2 if name == "killed" else 4, process)
        os.kill(process.pid, signal.SIGKILL)  # of the whole one all is done but the bundle
        process.communicate()
        runs[name] = tmp_path / name
    command = [*COMMAND, *arguments(recordings, runs["killed"], *asked, "--resume")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_for(runs["killed"] / "vocoder" / "log.jsonl", 4, process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    for stage in ("acoustic", "vocoder"):
        assert len(losses(runs["whole"], stage)) == 4
        assert losses(runs["killed"], stage) == losses(runs["whole"], stage)


def wait_for(log, lines, process):
    """Wait until a log has so many lines of losses."""
    while process.poll() is None:
        if log.exists() and log.read_text("utf-8").count('"losses"') >= lines:
            return
        time.sleep(0.005)
    raise AssertionError(process.stderr.read().decode())
