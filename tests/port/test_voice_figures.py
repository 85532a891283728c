from tingshuo.port.voice_figures import figures
from tingshuo.tasks.voices import find_voice


def test_a_voice_has_figures():
    found = figures(find_voice("default"), 1, "fp32")
    assert set(found) == {"load_ms", "rtf", "first_audio_ms", "peak_mb"}
    assert all(value > 0 for value in found.values())
