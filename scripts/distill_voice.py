"""Make the pitch predictor of a voice smaller: teach a student from the float32 graphs and write the student's tensors.

    python scripts/distill_voice.py SEED_WEIGHTS --sentences FILE --out STUDENT [--steps 3000] [--from STUDENT]

SEED_WEIGHTS is the folder that `build_voice.py` reads; `build_voice.py --student STUDENT` then ships the student. The decoder is
narrowed there by least squares, which needs no training; ``--decoder-steps`` teaches it here as well, for sizes beyond the reach
of that. Needs the ``train`` extra. A step takes 0.3 s on one thread of a 2019 server (pitch), 1.5 s (decoder).
"""

import argparse
import random
import time
from pathlib import Path

import torch
from build_voice import STUDENT_SIZES, read_nets
from safetensors.torch import load_file, save_file

import tingshuo
from tingshuo.train.distill import Errors, Schedule, distil, make_student
from tingshuo.train.lessons import record_lessons

CHUNK = 500
"""Steps between saved states."""


def main() -> None:
    """Read the arguments and teach."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--sentences", type=Path, required=True, help="text, one sentence a line")
    parser.add_argument("--count", type=int, default=4000, help="sentences to learn from")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--from", dest="student", type=Path, help="go on from these tensors")
    parser.add_argument("--steps", type=int, default=3000, help="of the pitch predictor")
    parser.add_argument("--decoder-steps", type=int, default=0)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    _, nets = read_nets(args.weights)
    student = make_student(nets.acoustic, nets.acoustic.config.replace(**STUDENT_SIZES))
    if args.student:
        student.load_state_dict(load_file(args.student))
    lines = [line.strip() for line in args.sentences.read_text("utf-8").splitlines() if 0 < len(line.strip()) <= 60]
    random.Random(0).shuffle(lines)
    begun = time.monotonic()
    lessons = record_lessons(tingshuo.load(precision="fp32"), lines[: args.count])
    print(f"{lessons.sentences} sentences, {len(lessons.f0)} frames in {time.monotonic() - begun:.0f} s", flush=True)

    def report(step: int, errors: Errors, held: Errors) -> None:
        seconds = time.monotonic() - begun
        figures = f"{errors.first:.4f} {errors.second:.4f}, held out {held.first:.4f} {held.second:.4f}"
        print(f"{part} step {step}, {seconds:.0f} s: {figures}", flush=True)
        if step % CHUNK == 0 or step == steps:
            save_file(student.state_dict(), args.out)

    for part, steps in (("pitch", args.steps), ("decoder", args.decoder_steps)):
        if steps:
            distil(student, lessons, part, Schedule(steps, args.rate), report)


if __name__ == "__main__":
    main()
