"""Which module imports the files of which system, by the name that `tingshuo probe` gives it."""

from tingshuo.registry import Registry, Row

CONVERTERS = Registry(
    "system to import from",
    {
        "emotivoice": Row("tingshuo.port.convert.emotivoice:draft", "pip install 'tingshuo[train]'"),
        "sambert": Row("tingshuo.port.convert.sambert:draft", "pip install 'tingshuo[train]'"),
    },
)
"""A row is called with a path and the name of one voice of several, or None, and returns a `tingshuo.port.draft.Draft`."""
