"""The built-in voice, listened to: every syllable sounds, tones have their shapes in every emotion, nothing clips or clicks."""

import numpy as np
import pytest

from tingshuo.audio.metrics import clipped_samples, find_clicks
from tingshuo.tasks.evaluate.syllables import check_syllables, tone_report
from tingshuo.types import EMOTIONS

SENTENCES = (
    "今天上午我们去公园散步，天气特别好。",
    "请问去火车站怎么走？",
    "妈妈买了一些新鲜的水果和蔬菜。",
    "他说下个星期要去上海开会，可能十号才回来。",
    "这本书我已经看过两遍了，还想再看一遍。",
    "中国有许多美丽的地方值得去看看。",
    "小猫趴在窗台上，懒洋洋地晒太阳。",
    "如果明天下雨，比赛就改在体育馆举行。",
    "老师让我们把作业交到办公室去。",
    "晚饭以后，爷爷常常给孩子们讲故事。",
)
FALLING = "大会下周二在上海市政府办公大楼正式召开，预计将会吸引四千位业内专业人士到会。"


def test_every_syllable_sounds_and_tones_have_their_shapes(voice):
    syllables = [check for text in SENTENCES for check in check_syllables(voice.synthesize(text))]
    assert len(syllables) > 130
    assert [(s.text, s.duration_s, s.peak_db) for s in syllables if not s.audible] == []
    report = tone_report(syllables)
    assert report[2].correlation > 0.3
    assert report[3].correlation > 0.6
    assert report[4].correlation > 0.8
    assert abs(report[1].slope_semitones) < 1.5
    assert report[1].height_semitones > max(report[t].height_semitones for t in (2, 3, 4))
    assert report[2].slope_semitones > 0 > report[3].slope_semitones


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_a_fourth_tone_falls_in_every_emotion(voice, emotion):
    report = tone_report(check_syllables(voice.synthesize(FALLING, emotion=emotion, strength=1.5)))
    assert report[4].n >= 10
    assert report[4].correlation > 0.7
    assert report[4].slope_semitones < -2


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_nothing_clips_and_no_border_clicks(voice, emotion):
    stream = voice.stream("".join(SENTENCES[:4]), emotion=emotion)
    chunks = list(stream)
    wav = np.concatenate([chunk.wav for chunk in chunks])
    assert clipped_samples(wav) == 0
    assert find_clicks(wav, [chunk.start_samples for chunk in chunks[1:]]) == []
    assert find_clicks(wav, [c * voice.config.mel.hop_length for c in range(1, len(wav) // voice.config.mel.hop_length)]) == []
