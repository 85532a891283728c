"""How often 95 % intervals of a rate of errors hold the truth, on made-up recognisers whose truth is known.

    python benchmarks/error_intervals.py [--trials 200]

Speakers differ in how well they are heard: their rates are drawn from a beta distribution around 10 % with a deviation of 6.5 %.
Beside intervals of speakers and then utterances, as `tingshuo evaluate` draws them, stand those of utterances alone. Last: how
often two recognisers that are equally good are told apart, which should happen in 5 % of all cases.
"""

import argparse

import numpy as np

from tingshuo.tasks.evaluate.significance import lead, rate_interval

TRUTH, ALIKE = 0.10, 20.0
"""The rate of all, and the sum of the parameters of the beta distribution."""
UTTERANCES, UNITS = 20, 12
"""Of each speaker, and of each utterance."""


def main() -> None:
    """Print how often."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=200)
    trials = parser.parse_args().trials
    print(f"{'speakers':>8} {'holds the truth, %':>20} {'utterances alone, %':>20} {'equal ones told apart, %':>26}")
    for speakers in (2, 5, 10, 20):
        rng = np.random.default_rng(speakers)
        names = [str(k) for k in range(speakers) for _ in range(UTTERANCES)]
        units = np.full(len(names), UNITS)
        held, alone, told = 0, 0, 0
        for _ in range(trials):
            rates = np.repeat(rng.beta(TRUTH * ALIKE, (1 - TRUTH) * ALIKE, speakers), UTTERANCES)
            errors, others = rng.binomial(UNITS, rates), rng.binomial(UNITS, rates)
            first, second = rate_interval(errors, units, names), rate_interval(errors, units, ["one"] * len(names))
            held += first.low <= TRUTH <= first.high
            alone += second.low <= TRUTH <= second.high
            ahead = lead(errors, others, units, names)
            told += ahead.low > 0 or ahead.high < 0
        print(f"{speakers:8d} {100 * held / trials:20.1f} {100 * alone / trials:20.1f} {100 * told / trials:26.1f}")


if __name__ == "__main__":
    main()
