"""A training that takes no time: what it comes to is a bowl over its settings, deeper with every step."""

import json
import math

from tingshuo.errors import ConfigError, TrainError


class Bowl:
    """Remembers what it was asked; ``stop_at`` is the training that is interrupted, counted from 1."""

    def __init__(self, stop_at=None, broken=(), wrong=()):
        self.asked, self.stop_at, self.broken, self.wrong = [], stop_at, broken, wrong

    def __call__(self, settings, run, steps):
        self.asked.append((run.name, steps))
        if run.name in self.wrong:
            raise ConfigError("sizes do not fit")
        if run.name in self.broken:
            raise TrainError("step 3: loss is not finite")
        (run / "steps.json").write_text(json.dumps(steps))
        if len(self.asked) == self.stop_at:
            return None
        return (math.log10(settings["loop.rate"]) + 3) ** 2 + (settings["layers"] - 2) ** 2 + 1 / steps
