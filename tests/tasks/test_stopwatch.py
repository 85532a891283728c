import tingshuo.tasks.stopwatch as module
from tingshuo.tasks.stopwatch import Stopwatch


def test_nested_time_counts_once(monkeypatch):
    ticks = iter([0.0, 1.0, 3.0, 10.0])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(ticks))
    watch = Stopwatch()
    with watch("vocoder_ms"), watch("acoustic_ms"):
        pass
    stages = watch.stages(duration_s=20.0)
    assert stages.acoustic_ms == 2000.0
    assert stages.vocoder_ms == 8000.0
    assert stages.rtf == 0.5


def test_first_audio_is_stamped_once(monkeypatch):
    ticks = iter([0.0, 1.0, 1.0, 5.0])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(ticks))
    watch = Stopwatch()
    for _ in range(2):
        with watch("text_ms"):
            pass
        watch.first_audio()
    assert watch.stages(1.0).ttfb_ms == 1000.0
