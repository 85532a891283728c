"""How an explanation is to be read, and what it does not show: the words around the numbers, Chinese and English."""

from tingshuo.tasks.explain.result import MEASURES, Explanation

Told = tuple[str, str]
"""Chinese, English."""

HOW_TO_READ: Told = (
    "每一行换掉一个输入，其余不变，再问同一个声音。格子里是照原样说与换掉之后的差：正数（橙）表示这个输入使该音节更长、更高、更响，"
    "负数（蓝）相反。框住的格子是输入自己的音节。0：完全没有影响；·：不超过噪声；–：浊音太少。",
    "Each row replaces one input, leaves the rest, and asks the same voice again. A cell is the sentence as spoken against the "
    "one with the input replaced: positive (orange), the input makes that syllable longer, higher, louder; negative (blue), the "
    "opposite. Framed cells are the input's own syllables. 0: no influence at all; ·: not above the noise; –: hardly voiced.",
)
MEANING: dict[str, Told] = {
    "duration": (
        "音节长度相差的百分比，取整到帧之前。",
        "Difference of a syllable's length in percent, before rounding to frames.",
    ),
    "f0": (
        "两种说法都有声的帧上，音节平均音高之差；时间照原样。",
        "Difference of a syllable's mean F0 over frames that are voiced in both, in the timing as spoken.",
    ),
    "energy": (
        "音节平均功率之比，由梅尔谱算出；时间照原样。",
        "Ratio of a syllable's mean power, from the mel, in the timing as spoken.",
    ),
}
"""Of the numbers in a map, by measure."""
TOGETHER: Told = (
    "几个输入一起换的影响（各音节的平均大小）；括号里是它与单独影响之和的差。时长用 100 × 自然对数。",
    "Influence of inputs replaced together (mean absolute, over the syllables); in brackets, how far the sum of the single ones "
    "is from it. Durations as 100 × natural logarithm.",
)
LIMITS: tuple[Told, ...] = (
    (
        "只看声学模型：读音、变调、分词、断句是给定的，换掉声调之后不再重新变调；声码器不在其中；也不说明模型为什么这样、从哪些录音学来。",
        "It shows the acoustic model alone. Readings, sandhi, words and the cutting into sentences are given, and sandhi is not "
        "applied anew to a changed tone; the vocoder is not in it; nor does it tell why the model is so, or what taught it.",
    ),
    (
        "影响总是相对于换上去的东西（轻声、de、另一种风格）；换成别的，数字就不同。",
        "An influence is relative to what took the place: a neutral tone, de, another style. Another choice gives other numbers.",
    ),
    (
        "影响不能相加：几个输入一起换，与单独换之和不同，差多少见下表。",
        "Influences do not add up: inputs replaced together differ from the sum of the single ones, as the table below says.",
    ),
    (
        "每个音节只有一个平均数：轮廓变了而平均不变，这里看不见。",
        "There is one mean for each syllable: a contour that changes and keeps its mean does not show.",
    ),
    (
        "句子各自计算（开头的长句在逗号处断开），彼此的影响恰好是 0。模型不知道是哪个标点，只知道那里有停顿；"
        "句末的停顿它也不知道。停顿多长由规则给定。",
        "Sentences are computed apart (a long first one is cut at a comma), so their influence on each other is exactly 0. The "
        "model is not told which mark stands there, only that there is a pause, and not even that at the end. How long a pause "
        "lasts comes from rules.",
    ),
)


def noise(explanation: Explanation) -> Told:
    """Say at which precision the voice was asked, and how large the noise of that is."""
    precision = explanation.precision
    if not any(explanation.floor.values()):
        return (
            f"按听到的精度 {precision} 计算，没有量到噪声。",
            f"Computed in {precision}, as it is heard; no noise was measured.",
        )
    duration, f0, energy = (f"{explanation.floor[name]:.2g}" for name in MEASURES)
    return (
        f"按听到的精度 {precision} 计算；改用 float32，95 % 的影响变化不超过 {duration} %、{f0} 个半音、{energy} dB。"
        "不超过它的算作噪声。",
        f"Computed in {precision}, as it is heard; in float32, 95 % of influences change by no more than {duration} %, {f0} "
        f"semitones and {energy} dB. What is not above that counts as noise.",
    )
