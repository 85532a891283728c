"""Make the pitch predictor of a voice smaller: teach a student from the seed's float32 graphs and write the student's tensors.

    python scripts/distill_voice.py SEED_WEIGHTS --sentences FILE --out STUDENT [--steps 3000] [--resume]

SEED_WEIGHTS is the folder that `build_voice.py` reads; `build_voice.py --student STUDENT` then ships the student. The decoder is
narrowed there by least squares, which needs no training. Finished bundles are made smaller by ``tingshuo distill``. Needs the
``train`` extra.
"""

import argparse
from pathlib import Path

import torch
from build_voice import STUDENT_SIZES, read_nets
from safetensors.torch import save_file

from tingshuo.port.export import export_graph, half_tensors
from tingshuo.port.verify import open_model
from tingshuo.port.voice import voice_graphs
from tingshuo.train.distill import DistillConfig, DistillRecipe, make_student
from tingshuo.train.distill_voice import LESSONS, best_student
from tingshuo.train.lessons import Lessons, record_lessons
from tingshuo.train.lessons_texts import read_texts
from tingshuo.train.loop import Progress, fit


def main() -> None:
    """Read the arguments and teach."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--sentences", type=Path, help="text, one sentence a line; ours without it")
    parser.add_argument("--count", type=int, default=4000, help="sentences to learn from")
    parser.add_argument("--out", type=Path, required=True, help="its folder of work is OUT.run")
    parser.add_argument("--resume", action="store_true", help="go on with what OUT.run holds")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    config = DistillConfig(texts=args.count, learn=("pitch",))
    config = config.replace(loop=config.loop.replace(steps=args.steps, rate=args.rate))
    voice, nets = read_nets(args.weights)
    run = args.out.with_name(f"{args.out.name}.run")
    if args.resume:
        lessons = Lessons.load(run / LESSONS)
    else:
        tensors = half_tensors(nets.acoustic)
        graphs = {name: graph for name, graph in voice_graphs(nets).items() if name != "vocoder"}
        sessions = {name: open_model(export_graph(graph), tensors) for name, graph in graphs.items()}
        lessons = record_lessons(sessions, voice, tensors, read_texts(args.sentences, args.count))
        run.mkdir(parents=True, exist_ok=True)
        lessons.save(run / LESSONS)
    print(f"{len(lessons)} sentences, {lessons.frames.sum()} frames", flush=True)
    student = make_student(nets, nets.acoustic.config.replace(**STUDENT_SIZES), {})

    def watch(seen: Progress) -> None:
        if seen.step % 100 == 0:
            print(f"step {seen.step}", ", ".join(f"{name} {value:.4f}" for name, value in seen.losses.items()), flush=True)

    identity = {"rate": args.rate, "frames": int(lessons.frames.sum())}
    fit(DistillRecipe(student, lessons, config), run, config.loop, identity, resume=args.resume, watch=watch)
    save_file(best_student(run, student.config).state_dict(), args.out)


if __name__ == "__main__":
    main()
