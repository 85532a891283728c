"""TensorRT plans, for graphics cards of NVIDIA. Built where they run: needs such a card, ``tensorrt`` and torch with CUDA.

A plan holds for one kind of card, driver and version of TensorRT; plans are kept in ``$TINGSHUO_HOME/cache/tensorrt`` by all of
these and the graph. Without ``precision`` it is float16. INT8 scales are chosen on sentences that the voice speaks while it is
exported; vocoders are usually not faster with it, as transposed convolutions are not.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from tingshuo.errors import EngineNotInstalledError, PortError, RequestError
from tingshuo.port.formats.source import Array, Arrays, Runner, SourceGraph
from tingshuo.port.formats.tensorrt_plans import CalibrationFeed, Machine, cached_plan, plan_key, profile
from tingshuo.port.formats.written import Settings, Written, cannot_express
from tingshuo.store.atomic import replace_file

NAME = "tensorrt"
LIMITS_DB = {"float32": -40.0, "float16": -35.0, "int8": -20.0}
"""Float32 is TF32 inside, with ten bits after the point."""

EXAMPLE = """\
import numpy as np
import tensorrt
import torch

runtime = tensorrt.Runtime(tensorrt.Logger(tensorrt.Logger.ERROR))
for graph in {graphs}:
    engine = runtime.deserialize_cuda_engine(open(f"{{graph}}.plan", "rb").read())
    context = engine.create_execution_context()
    example = np.load(f"examples/{{graph}}.npz")
    held = {{}}
    for name in example.files:
        side, _, value = name.partition("/")
        held[value] = torch.from_numpy(example[name]).cuda()
        if side == "input":
            context.set_input_shape(value, tuple(held[value].shape))
        else:
            held[value] = torch.zeros_like(held[value])
        context.set_tensor_address(value, held[value].data_ptr())
    context.execute_async_v3(torch.cuda.current_stream().cuda_stream)
    torch.cuda.synchronize()
    for name in example.files:
        if name.startswith("output/"):
            print(graph, name[7:], np.abs(held[name[7:]].cpu().numpy() - example[name]).max())
"""
NOTES = (
    "这些计划只适用于写出它们的那种显卡、驱动与 TensorRT 版本；换了任何一样都要重新导出。自由长度为 1 到 2048。"
    "需要 `pip install tensorrt` 与带 CUDA 的 torch，在本目录运行：",
    "These plans hold for the kind of graphics card, the driver and the version of TensorRT that they were built with; "
    "export again "
    "when one of them changes. Free lengths are 1 to 2048. Needs `pip install tensorrt` and torch with CUDA; in this folder:",
)


def check(precision: str | None) -> None:
    """Refuse a machine where no plan can be built, before anything is read or written.

    Raises
    ------
    EngineNotInstalledError
        There is no graphics card of NVIDIA, or a package is missing.
    """
    torch = import_module("torch")
    if not torch.cuda.is_available():
        raise EngineNotInstalledError(
            "format tensorrt: a plan is built on the graphics card that will run it, and here torch finds none of NVIDIA (or "
            "it is a "
            "torch without CUDA); export there, or choose onnx, which runs everywhere"
        )
    try:
        import_module("tensorrt")
    except ModuleNotFoundError as error:
        raise EngineNotInstalledError("format tensorrt needs the package 'tensorrt': pip install tensorrt") from error


def write(graphs: Sequence[SourceGraph], folder: Path, settings: Settings) -> Iterator[tuple[SourceGraph, Written]]:
    """Write ``<graph>.plan``, from the cache where it is there already.

    Raises
    ------
    RequestError
        INT8 without sentences to choose its scales on.
    PortError
        TensorRT has no such operator, or cannot build the plan.
    """
    precision = settings.precision or "float16"
    machine = _machine()
    for graph in graphs:
        feed = None
        if precision == "int8":
            if not settings.calibration.get(graph.name):
                raise RequestError("INT8 scales are chosen on sentences: give texts that the voice can speak", "texts")
            feed = CalibrationFeed(graph.spec, settings.calibration[graph.name])
        model = graph.whole()
        cached = cached_plan(plan_key(machine, model, precision, feed))
        if not cached.is_file():
            plan = _build(graph, model, precision, feed)
            cached.parent.mkdir(parents=True, exist_ok=True)
            replace_file(cached, plan)
        name = f"{graph.name}.plan"
        (folder / name).write_bytes(cached.read_bytes())
        yield graph, Written(precision, (name,), _runner(graph, cached.read_bytes()), LIMITS_DB[precision])


def _machine() -> Machine:
    torch, tensorrt = import_module("torch"), import_module("tensorrt")
    found = torch.cuda.get_device_properties(0)
    driver = Path("/proc/driver/nvidia/version")
    told = driver.read_text("utf-8").splitlines()[0] if driver.is_file() else str(torch.version.cuda)
    return Machine(found.name, f"{found.major}.{found.minor}", told, tensorrt.__version__)


def _build(graph: SourceGraph, model: bytes, precision: str, feed: CalibrationFeed | None) -> bytes:
    tensorrt = import_module("tensorrt")
    logger = tensorrt.Logger(tensorrt.Logger.ERROR)
    builder = tensorrt.Builder(logger)
    network = builder.create_network(0)
    parser = tensorrt.OnnxParser(network, logger)
    if not parser.parse(model):
        error = parser.get_error(0)
        raise cannot_express(NAME, graph.name, error.node_operator() or "equivalent of one of its nodes", error.desc())
    config = builder.create_builder_config()
    shapes = builder.create_optimization_profile()
    for name, three in profile(graph.spec).items():
        shapes.set_shape(name, *three)
    config.add_optimization_profile(shapes)
    _set_precision(tensorrt, config, precision)
    if feed is not None:
        config.set_calibration_profile(shapes)
        config.int8_calibrator = _calibrator(tensorrt, feed)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise PortError(f"format {NAME}: TensorRT could not build a plan of graph {graph.name!r}; its own messages are above")
    return bytes(plan)


def _set_precision(tensorrt: Any, config: Any, precision: str) -> None:
    flags = {"float32": (), "float16": ("FP16",), "int8": ("FP16", "INT8")}[precision]
    for flag in flags:
        if not hasattr(tensorrt.BuilderFlag, flag):
            raise PortError(
                f"format {NAME}: TensorRT {tensorrt.__version__} no longer chooses {precision} by itself; "
                "take version 10, or float32"
            )
        config.set_flag(getattr(tensorrt.BuilderFlag, flag))


def _calibrator(tensorrt: Any, feed: CalibrationFeed) -> Any:
    torch = import_module("torch")
    batches = iter(feed)

    class Calibrator(tensorrt.IInt8EntropyCalibrator2):  # type: ignore[misc]  # a class of TensorRT
        def __init__(self) -> None:
            tensorrt.IInt8EntropyCalibrator2.__init__(self)  # it is not called by super(), which TensorRT demands
            self.held: list[Any] = []

        def get_batch_size(self) -> int:
            return 1

        def get_batch(self, names: Sequence[str]) -> list[int] | None:
            batch = next(batches, None)
            if batch is None:
                return None
            self.held = [torch.from_numpy(batch[name]).cuda() for name in names]
            return [value.data_ptr() for value in self.held]

        def read_calibration_cache(self) -> None:
            return None

        def write_calibration_cache(self, cache: Any) -> None:
            """The plan itself is kept."""

    return Calibrator()


def _runner(graph: SourceGraph, plan: bytes) -> Runner:
    tensorrt, torch = import_module("tensorrt"), import_module("torch")
    engine = tensorrt.Runtime(tensorrt.Logger(tensorrt.Logger.ERROR)).deserialize_cuda_engine(plan)
    context = engine.create_execution_context()

    def run(inputs: Mapping[str, Array]) -> Arrays:
        held = {name: torch.from_numpy(inputs[name].copy()).cuda() for name in graph.spec.inputs}
        for name, value in held.items():
            context.set_input_shape(name, tuple(value.shape))
            context.set_tensor_address(name, value.data_ptr())
        outputs = {name: torch.zeros(tuple(context.get_tensor_shape(name)), device="cuda") for name in graph.spec.outputs}
        for name, value in outputs.items():
            context.set_tensor_address(name, value.data_ptr())
        context.execute_async_v3(torch.cuda.current_stream().cuda_stream)
        torch.cuda.synchronize()
        return {name: value.cpu().numpy() for name, value in outputs.items()}

    return run
