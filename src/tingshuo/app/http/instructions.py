"""OpenAI's field ``instructions``: words that name an emotion are followed; what cannot be followed is said."""

import re

_WORDS = {
    "neutral": ("neutral", "calm", "平静", "中性", "平淡"),
    "happy": ("happy", "happily", "cheerful", "joyful", "excited", "开心", "高兴", "快乐", "欢快", "兴奋", "愉快"),
    "sad": ("sad", "sadly", "sorrowful", "melancholy", "伤心", "悲伤", "难过", "忧伤"),
    "angry": ("angry", "angrily", "furious", "生气", "愤怒", "恼火"),
    "surprised": ("surprised", "astonished", "amazed", "惊讶", "吃惊", "惊喜"),
    "fearful": ("fearful", "scared", "afraid", "frightened", "害怕", "恐惧", "惊恐"),
    "gentle": ("gentle", "gently", "tender", "soothing", "温柔", "轻柔", "柔和"),
    "serious": ("serious", "seriously", "solemn", "formal", "严肃", "正式", "庄重"),
}


def follow(instructions: str, *, fixed: bool) -> tuple[str | None, tuple[str, ...]]:
    """Return the emotion that the instructions name, and what was not followed.

    Parameters
    ----------
    instructions : str
        Free text.
    fixed : bool
        The request has the field ``emotion``, which wins.

    Returns
    -------
    emotion : str or None
        None when they name none, or several.
    warnings : tuple of str
        One sentence, unless the instructions are nothing but the emotion.
    """
    if fixed:
        return None, ("instructions were not followed: the field emotion decides",)
    latin = set(re.findall(r"[a-z]+", instructions.lower()))
    named = [e for e, words in _WORDS.items() if any(w in latin if w.isascii() else w in instructions for w in words)]
    if len(named) != 1:
        found = f"name several emotions ({', '.join(named)})" if named else "name no emotion"
        return None, (f"instructions were not followed: they {found}; known: {', '.join(_WORDS)}",)
    if instructions.strip().lower() in _WORDS[named[0]]:
        return named[0], ()
    return named[0], (f"of the instructions only the emotion {named[0]} was followed",)
