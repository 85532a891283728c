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
        "sherpa-asr": Row("tingshuo.port.convert.sherpa_asr:draft", "pip install 'tingshuo[train]'"),
        "sherpa-tts": Row("tingshuo.port.convert.sherpa_tts:draft", "pip install 'tingshuo[train]'"),
        "torchscript": Row("tingshuo.port.convert.torchscript:draft", "pip install 'tingshuo[train]'"),
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
DESCRIBED = Registry(
    "what describes a model",
    {
        "config": Row("tingshuo.port.convert.state_dict:draft", "pip install 'tingshuo[train]'"),
        "contract": Row("tingshuo.port.convert.contract:draft", "pip install 'tingshuo[train]'"),
    },
)
"""A row is called with a path, the file that describes what lies there, and which of several it is to be, or None; it returns a
`tingshuo.port.draft.Draft`."""
BLANKS = Registry(
    "what to fill in",
    {
        "config": Row("tingshuo.port.convert.family_config:template", "pip install 'tingshuo[train]'"),
        "contract": Row("tingshuo.port.convert.skeleton:skeleton", "pip install 'tingshuo[train]'"),
    },
)
"""The row of a config is called with the name of a family and returns plain data; that of a contract with a path and a task or
None, and returns YAML."""
