"""Training and inference speed of fashion-resnet in PyTorch on a GPU: the yardstick for `resnet bench --device cuda`.

    python3 train_throughput_cuda.py --phase train|infer --batch 32 --precision fp32|tf32|bf16|fp16 --mode eager|compile|graph
    python3 train_throughput_cuda.py --serve        reads lines of such options, answers each with a line

A line of output is one JSON object: the median over --seconds, or {"error": ...} where PyTorch refused. What was built
for a line is kept, so that the same options measure anew without a warm-up.

Nothing in a step waits for the GPU, and it is what PyTorch does best: the data set lies in the GPU's memory as bytes, a
step gathers its images by index; channels_last; cuDNN may choose among its algorithms; fused Adam. bf16 and fp16 train
with autocast, fp16 with a gradient scaler that decides on the GPU, and infer with weights of that type. Modes: eager;
graph replays forward, loss, backward and Adam as one CUDA graph; compile is the same with forward and backward through
torch.compile.
"""
import argparse
import functools
import json
import statistics
import sys
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F

from seednet import SeedNet, adam, keras_init

Step = Callable[[torch.Tensor], object]  # takes the indices of a batch's images

HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}
WINDOW = 0.02  # seconds between two looks at the clock, at least, each of which waits for the GPU


def parser() -> argparse.ArgumentParser:
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--device", default="cuda", help="cpu only to try this script, without --mode graph")
    a.add_argument("--phase", default="train", choices=["train", "infer"])
    a.add_argument("--batch", type=int, default=32)
    a.add_argument("--precision", default="fp32", choices=["fp32", "tf32", "bf16", "fp16"])
    a.add_argument("--mode", default="eager", choices=["eager", "compile", "graph"])
    a.add_argument("--seconds", type=float, default=2)
    a.add_argument("--serve", action="store_true", help="take such options from the lines of standard input")
    return a


class DataSet:
    """Random images and labels on the device, and an endless shuffled order."""

    def __init__(self, device: str, images: int = 60000):
        self.images = torch.randint(0, 256, (images, 1, 28, 28), dtype=torch.uint8, device=device)
        self.labels = torch.randint(0, 10, (images,), device=device)
        self.order = torch.randperm(images, device=device)
        self.at = 0

    def draw(self, batch: int) -> torch.Tensor:
        if self.at + batch > len(self.order):
            self.at = 0
        self.at += batch
        return self.order[self.at - batch : self.at]

    def pixels(self, rows: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        return self.images[rows].to(dtype, memory_format=torch.channels_last).mul_(1 / 255)


@functools.cache
def data_set(device: str) -> DataSet:
    return DataSet(device)


def make_step(a: argparse.Namespace) -> Step:
    """Returns a step launched kernel by kernel."""
    device = torch.device(a.device)
    data = data_set(a.device)
    training, half = a.phase == "train", HALF.get(a.precision)
    dtype = half if half and not training else torch.float32
    net = SeedNet()
    keras_init(net, 1)
    net = net.to(device, dtype, memory_format=torch.channels_last).train(training)

    def forward(rows: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device.type, half, enabled=half is not None and training):
            logits = net(data.pixels(rows, dtype))
        return F.cross_entropy(logits.float(), data.labels[rows]) if training else logits

    if a.mode == "compile":
        # An error rather than a step that is eager in part (fullgraph); as many networks in a process as it takes; and
        # kernels are tuned by the process that measures, never by one that compiled beside other work.
        from torch._dynamo import config as dynamo
        from torch._inductor import config as inductor
        dynamo.recompile_limit = 256
        inductor.autotune_local_cache = False
        forward = torch.compile(forward, dynamic=False, fullgraph=True)
    if not training:
        return torch.inference_mode()(forward)

    opt = adam(net, fused=True, capturable=device.type == "cuda")
    scaler = torch.amp.GradScaler(device.type, enabled=a.precision == "fp16")

    def step(rows: torch.Tensor) -> None:
        opt.zero_grad(set_to_none=True)
        scaler.scale(forward(rows)).backward()
        scaler.step(opt)
        scaler.update()

    return step


def capture(step: Step, first: torch.Tensor) -> Step:
    """Returns a step replayed as one CUDA graph, which reads its indices where they were at its capture."""
    rows = first.clone()
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            step(rows)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step(rows)

    def replay(drawn: torch.Tensor) -> None:
        rows.copy_(drawn)
        graph.replay()

    return replay


class Measurement:
    """A step that is warm, and how many of them fill a window."""

    def __init__(self, a: argparse.Namespace):
        cuda = torch.device(a.device).type == "cuda"
        self.batch, self.data = a.batch, data_set(a.device)
        self.sync: Callable[[], object] = torch.cuda.synchronize if cuda else lambda: None
        self.step = make_step(a)
        for _ in range(5):
            self.step(self.data.draw(self.batch))
        if cuda and a.mode != "eager":
            self.step = capture(self.step, self.data.draw(self.batch))
        self.steps = 1
        while self.window() * self.steps < WINDOW:
            self.steps *= 2

    def window(self) -> float:
        """Returns the seconds that a step took in a window of them."""
        self.sync()
        start = time.perf_counter()
        for _ in range(self.steps):
            self.step(self.data.draw(self.batch))
        self.sync()
        return (time.perf_counter() - start) / self.steps

    def median(self, seconds: float) -> tuple[float, int]:
        """Returns the median over windows, at least three, and how many there were."""
        times = []
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or len(times) < 3:
            times.append(self.window())
        return statistics.median(times), len(times)


def measure(a: argparse.Namespace, kept: dict[tuple, Measurement]) -> dict[str, object]:
    key = a.device, a.phase, a.batch, a.precision, a.mode
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = a.precision != "fp32"
    if key not in kept:
        kept[key] = Measurement(a)
    median, n = kept[key].median(a.seconds)
    return dict(phase=a.phase, batch_size=a.batch, precision=a.precision, mode=a.mode,
                images_per_second=round(a.batch / median, 1), ms_per_step=round(median * 1e3, 4), n=n) | software(a.device)


def software(device: str) -> dict[str, object]:
    cuda = torch.device(device).type == "cuda"
    return dict(framework="torch " + torch.__version__, cudnn=torch.backends.cudnn.version() if cuda else None,
                device=torch.cuda.get_device_name() if cuda else device)


def serve(a: argparse.Namespace) -> None:
    kept: dict[tuple, Measurement] = {}
    print(json.dumps(software(a.device)), flush=True)
    for line in sys.stdin:
        try:
            answer = measure(parser().parse_args(line.split(), argparse.Namespace(device=a.device)), kept)
        except Exception as e:  # the next line may fare better
            answer = dict(error=f"{type(e).__name__}: {str(e).strip().splitlines()[0] if str(e).strip() else 'no message'}")
        print(json.dumps(answer), flush=True)


def main() -> None:
    a = parser().parse_args()
    if torch.device(a.device).type == "cuda" and not torch.cuda.is_available():
        raise SystemExit(f"train_throughput_cuda.py: torch {torch.__version__} finds no GPU that it can use")
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    if a.serve:
        serve(a)
    else:
        print(json.dumps(measure(a, {})))


if __name__ == "__main__":
    main()
