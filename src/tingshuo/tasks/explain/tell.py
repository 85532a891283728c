"""Influences in plain words, Chinese and English."""

from tingshuo.tasks.explain.inputs import NO_TONE, TONES
from tingshuo.tasks.explain.result import MEASURES, Explained, Influence
from tingshuo.tasks.explain.summary import Found

CHANGES = {
    "duration": (("长", "短"), ("longer", "shorter"), (" %", " %")),
    "f0": (("高", "低"), ("higher", "lower"), (" 个半音", " semitones")),
    "energy": (("强", "弱"), ("louder", "softer"), (" dB", " dB")),
}
"""By measure: words for more and less, and the unit, each in Chinese and in English."""


def in_chinese(found: Found) -> str:
    """Say it in Chinese: 使它前面的“真”低 1.2 个半音, and by what."""
    influence = found.influence
    amount = _amount(found, 0)
    return f"{chinese_input(influence, found.sentence)}使{_chinese_place(found)}{amount}（对比{chinese_instead(influence)}）。"


def in_english(found: Found) -> str:
    """Say it in English: The third tone of 好 makes 真, the syllable before it, 1.2 semitones lower (against a neutral tone)."""
    influence = found.influence
    place, amount = _english_place(found), _amount(found, 1)
    verb = "make" if influence.kind == "phones" else "makes"
    return f"The {english_input(influence, found.sentence)} {verb} {place} {amount} (against {english_instead(influence)})."


def chinese_input(influence: Influence, sentence: Explained) -> str:
    """Name a local input; one of several that are written alike gets the number of its syllable."""
    of = f"“{influence.of}”" + (f"（第 {influence.span[0] + 1} 个音节）" if _repeated(influence, sentence) else "")
    if influence.kind == "tone":
        return f"{of}的{TONES[int(influence.value)][0]}"
    return {"phones": f"{of}的音素", "boundary": f"{of}前的词界", "pause": f"{of}处的停顿"}[influence.kind]


def english_input(influence: Influence, sentence: Explained) -> str:
    """Name a local input, without an article."""
    of = influence.of + (f" (syllable {influence.span[0] + 1})" if _repeated(influence, sentence) else "")
    if influence.kind == "tone":
        return f"{TONES[int(influence.value)][1]} of {of}"
    return {"phones": f"phones of {of}", "boundary": f"word boundary before {of}", "pause": f"pause at {of}"}[influence.kind]


def chinese_instead(influence: Influence) -> str:
    """Say what an input was replaced with."""
    if influence.kind == "tone":
        return NO_TONE[int(influence.instead)][0]
    return {"boundary": "没有词界", "pause": "没有停顿"}.get(influence.kind, f"“{influence.instead}”")


def english_instead(influence: Influence) -> str:
    """Say what an input was replaced with."""
    if influence.kind == "tone":
        name = NO_TONE[int(influence.instead)][1]
        return name if name.startswith("no ") else f"a {name}"
    return {"boundary": "no boundary", "pause": "no pause"}.get(influence.kind, influence.instead)


def _repeated(influence: Influence, sentence: Explained) -> bool:
    alike = [one for one in sentence.influences if (one.kind, one.of) == (influence.kind, influence.of)]
    return len(alike) > 1


def _amount(found: Found, language: int) -> str:
    """``低 1.2 个半音`` or ``1.2 semitones lower``."""
    *words, units = CHANGES[found.measure]
    word = words[language][0 if found.value > 0 else 1]
    size = f"{abs(found.value):.{MEASURES[found.measure].digits}f}{units[language]}"
    return f"{size} {word}" if language else f"{word} {size}"


def _chinese_place(found: Found) -> str:
    text, distance = f"“{found.sentence.syllables[found.syllable].text}”", found.distance
    if distance == 0:
        first, stop = found.influence.span
        return "它自己" if stop - first == 1 else f"其中的{text}"
    side = "前" if distance < 0 else "后"
    return f"它{side}面的{text}" if abs(distance) == 1 else f"往{side}第 {abs(distance)} 个音节{text}"


def _english_place(found: Found) -> str:
    text, distance = found.sentence.syllables[found.syllable].text, found.distance
    if distance == 0:
        first, stop = found.influence.span
        return f"{text} itself" if stop - first == 1 else f"{text} in it"
    side = "before" if distance < 0 else "after"
    return f"{text}, the syllable {side} it," if abs(distance) == 1 else f"{text}, {abs(distance)} syllables {side} it,"
