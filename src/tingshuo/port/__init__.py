"""Nets to bundles and back: what is this file, import, export, quantise, verify."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tingshuo.port.importing import import_checkpoint as import_checkpoint
    from tingshuo.port.recognise.probe import probe as probe

__all__ = ["import_checkpoint", "probe"]


def __getattr__(name: str) -> Any:
    """Import on first use: most of what lies here needs torch."""
    if name == "probe":
        from tingshuo.port.recognise.probe import probe

        return probe
    if name == "import_checkpoint":
        from tingshuo.port.importing import import_checkpoint

        return import_checkpoint
    raise AttributeError(f"module 'tingshuo.port' has no attribute {name!r}")
