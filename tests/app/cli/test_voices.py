"""``voices``."""

import json

from tingshuo.types import EMOTIONS


def test_the_voices_and_what_they_can_do(tingshuo):
    done = tingshuo("voices")
    assert done.code == 0
    assert done.text.startswith("default ")
    for word in ("zh-CN", "24000 Hz", "CC-BY-SA-4.0", "styles", "steady", "emotions", "happy"):
        assert word in done.text


def test_for_machines(tingshuo):
    report = json.loads(tingshuo("voices", "--json").out)
    voice = report["voices"][0]
    assert (voice["name"], voice["sample_rate"]) == ("default", 24000)
    assert {"languages", "styles", "speakers", "emotions", "licence", "version"} <= set(voice)
    assert report["emotions"] == list(EMOTIONS)
