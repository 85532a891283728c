"""Tiny imported voices teach tiny light vocoders: what the tests of that share."""

from pathlib import Path

from tingshuo.port.export import export_graph
from tingshuo.port.families import build_nets, hollow
from tingshuo.train import light, light_measure, light_publish
from tingshuo.train.light_config import LightConfig

TEXTS = (
    "今天天气很好，我们去公园散步吧，然后吃饭。",
    "他下个星期要去上海开会，可能十号才回来。",
    "小猫趴在窗台上，懒洋洋地晒着太阳。",
    "老师让我们把作业交到办公室去，谢谢大家。",
    "慢点儿走，小心地上滑，前面有一条河。",
    "雪下了整整一夜，院子里白茫茫一片。",
)
SIZES = {"dim": 16, "hidden": 24, "layers": 1}


def tiny_config(steps=20, **changes):
    """Settings of a training that takes a second or two; by default any student is good enough."""
    config = LightConfig(sizes=SIZES, texts=len(TEXTS), **{"limit_nepers": 50.0, "limit_opinion": 5.0} | changes)
    pace = {"steps": steps, "threads": 1, "precision": "fp32", "rate": 3e-3, "warm_up": 1, "average": 0.5, "log_every": 1}
    usual = {"batch": 2, "frames": 16, "warm_up": 1000}
    return config.replace(
        loop=config.loop.replace(**pace, evaluate_every=5, checkpoint_every=5), vocoder=config.vocoder.replace(**usual)
    )


def write_texts(folder: Path) -> Path:
    """Write the texts."""
    path = folder / "texts.txt"
    path.write_text("\n".join(TEXTS), "utf-8")
    return path


def make_quickly(patch):
    """Export in this process, measure with two sentences and without DNSMOS, and let a teacher be as tiny as its student."""
    patch.setattr(light_publish, "export_structures", _export)
    patch.setattr(light_measure, "find_spec", lambda name: None)
    patch.setattr(light, "SENTENCES", ("你好。", "今天天气很好，我们去公园吧。"))
    patch.setattr(light, "_check_lighter", lambda *_: None)


def _export(architecture):
    graphs = (graph for built in build_nets(architecture) for graph in hollow(built).graphs)
    return {graph.name: export_graph(graph, half=False) for graph in graphs}
