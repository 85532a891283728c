"""Which module imports the files of which system, by the name that `tingshuo probe` gives it."""

from tingshuo.registry import Registry, Row

CONVERTERS = Registry(
    "system to import from",
    {
        "emotivoice": Row("tingshuo.port.convert.emotivoice:draft", "pip install 'tingshuo[train]'"),
        "hifigan": Row("tingshuo.port.convert.hifigan:draft", "pip install 'tingshuo[train]'"),
        "kan_hifigan": Row("tingshuo.port.convert.kan_hifigan:draft", "pip install 'tingshuo[train]'"),
        "piper": Row("tingshuo.port.convert.piper:draft", "pip install 'tingshuo[train]'"),
        "rvc": Row("tingshuo.port.convert.rvc:draft", "pip install 'tingshuo[train]'"),
        "sambert": Row("tingshuo.port.convert.sambert:draft", "pip install 'tingshuo[train]'"),
        "vocos": Row("tingshuo.port.convert.vocos:draft", "pip install 'tingshuo[train]'"),
        "wenet": Row("tingshuo.port.convert.wenet:draft", "pip install 'tingshuo[train]'"),
    },
)
"""A row is called with a path and the name of one voice of several, or None, and returns a `tingshuo.port.draft.Draft`."""
FUSERS = Registry(
    "system whose voices can be mixed",
    {"rvc": Row("tingshuo.port.convert.rvc:fused", "pip install 'tingshuo[train]'")},
)
"""A row is called with the paths of two voices and the share of the first, and returns a `tingshuo.port.draft.Draft`."""
