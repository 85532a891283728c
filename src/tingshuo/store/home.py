"""Where Tingshuo keeps what is the user's own: voices, the registry of their versions, caches."""

import os
from pathlib import Path

VARIABLE = "TINGSHUO_HOME"


def home() -> Path:
    """Return ``$TINGSHUO_HOME``, or ``~/.local/share/tingshuo`` when that is not set; it need not exist."""
    return Path(os.environ.get(VARIABLE) or Path.home() / ".local/share/tingshuo")
