"""config.json of a recogniser of the family ``tdnn_lstm``: the same as that of a conformer, which is driven the same way."""

from typing import ClassVar

from tingshuo.config.conformer import ConformerBundleConfig


class TdnnLstmBundleConfig(ConformerBundleConfig, frozen=True, kw_only=True):
    """What lies before and behind the graphs ``encoder`` and ``ctc``."""

    FAMILY: ClassVar[str] = "tdnn_lstm"
