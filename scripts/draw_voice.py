"""Draw the spectrograms of docs/voice.md: three sentences in the built-in voice, one of them in three emotions.

python scripts/draw_voice.py [FOLDER]
"""

import sys
from pathlib import Path

import tingshuo
from tingshuo.audio.mel import log_mel
from tingshuo.audio.picture import mel_png

PICTURES = {
    "weather_neutral": ("今天上午我们去公园散步，天气特别好。", "neutral"),
    "weather_happy": ("今天上午我们去公园散步，天气特别好。", "happy"),
    "weather_sad": ("今天上午我们去公园散步，天气特别好。", "sad"),
    "lions": ("四十四只石狮子是死的。", "neutral"),
    "news": ("2026年3月5日，重庆银行行长说，GDP增长了3.5%。", "neutral"),
}


def main(folder: Path) -> None:
    """Write one PNG a row of `PICTURES`."""
    voice = tingshuo.load(precision="fp32")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (text, emotion) in PICTURES.items():
        mel = log_mel(voice.synthesize(text, emotion=emotion).wav, voice.config.mel)
        (folder / f"{name}.png").write_bytes(mel_png(mel))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs/images/voice")
