"""Tingshuo (听说): train, save, import, optimise and serve AI voice models.

>>> import tingshuo
>>> voice = tingshuo.load("default")
>>> voice.synthesize("你好", emotion="happy").save("out.mp3")
>>> tingshuo.transcribe("in.wav").text
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tingshuo.tasks.recognise.transcribe import transcribe as transcribe
    from tingshuo.tasks.voices import load as load

__all__ = ["__version__", "load", "transcribe"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import a front door on first use, so that ``import tingshuo`` costs nothing."""
    if name == "load":
        from tingshuo.tasks.voices import load

        return load
    if name == "transcribe":
        from tingshuo.tasks.recognise.transcribe import transcribe

        return transcribe
    raise AttributeError(f"module 'tingshuo' has no attribute {name!r}")
