"""Training and inference speed of fashion-resnet in PyTorch on a GPU: the yardstick for `resnet bench --device cuda`.

    python3 train_throughput_cuda.py --phase train|infer|latency --batch 32 --precision fp32|tf32|bf16|fp16
        --mode eager|compile|graph
    python3 train_throughput_cuda.py --serve        reads lines of such options, answers each with a line

A line of output is one JSON object: the median over --seconds, or {"error": ...} where PyTorch refused. What was built
for a line is kept, so that the same options measure anew without a warm-up.

Nothing in a step waits for the GPU, and it is what PyTorch does best: the data set lies in the GPU's memory as bytes, a
step gathers its images by index; channels_last; cuDNN may choose among its algorithms; fused Adam. bf16 and fp16 train
with autocast, fp16 with a gradient scaler that decides on the GPU, and infer with weights of that type. A latency is
from images in pinned host memory to their probabilities there. Modes: eager; graph replays a whole step (in training
forward, loss, backward and Adam) as one CUDA graph; compile is the same with forward and backward through
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

Step = Callable[[torch.Tensor], torch.Tensor | None]  # takes the indices of a batch's images; a latency's, the images

HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}
WINDOW = 0.02  # seconds between two looks at the clock, at least, each of which waits for the GPU


def parser() -> argparse.ArgumentParser:
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--device", default="cuda", help="cpu only to try this script, without --mode graph")
    a.add_argument("--phase", default="train", choices=["train", "infer", "latency"])
    a.add_argument("--batch", type=int, default=32)
    a.add_argument("--precision", default="fp32", choices=["fp32", "tf32", "bf16", "fp16"])
    a.add_argument("--mode", default="eager", choices=["eager", "compile", "graph"])
    a.add_argument("--seconds", type=float, default=2)
    a.add_argument("--serve", action="store_true", help="take such options from the lines of standard input")
    return a


class DataSet:
    """Images as bytes and their labels on the device, and a shuffled order that has no end."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor):
        self.images, self.labels = images, labels
        self.shuffle()

    def shuffle(self) -> None:
        self.order = torch.randperm(len(self.images), device=self.images.device)
        self.at = 0

    def draw(self, batch: int) -> torch.Tensor:
        if self.at + batch > len(self.order):
            self.at = 0
        self.at += batch
        return self.order[self.at - batch : self.at]


@functools.cache
def random_data(device: str, images: int = 60000) -> DataSet:
    return DataSet(torch.randint(0, 256, (images, 1, 28, 28), dtype=torch.uint8, device=device),
                   torch.randint(0, 10, (images,), device=device))


def pixels(images: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return images.to(dtype, memory_format=torch.channels_last).mul_(1 / 255)


def allow_tf32(precision: str) -> None:
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision != "fp32"


def compiled(forward: Step) -> Step:
    """Returns forward through torch.compile: an error rather than a step that is eager in part (fullgraph); as many
    networks in a process as it takes; and kernels are tuned by the process that measures, never by one that compiled
    beside other work."""
    from torch._dynamo import config as dynamo
    from torch._inductor import config as inductor
    dynamo.recompile_limit = 256
    inductor.autotune_local_cache = False
    return torch.compile(forward, dynamic=False, fullgraph=True)


def make_step(a: argparse.Namespace, data: DataSet) -> tuple[SeedNet, Step]:
    """Returns the network and a step launched kernel by kernel."""
    device = torch.device(a.device)
    training, half = a.phase == "train", HALF.get(a.precision)
    dtype = half if half and not training else torch.float32
    net = SeedNet()
    keras_init(net, 1)
    net = net.to(device, dtype, memory_format=torch.channels_last).train(training)

    def loss(rows: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device.type, half, enabled=half is not None):
            logits = net(pixels(data.images[rows], dtype))
        return F.cross_entropy(logits.float(), data.labels[rows])

    def logits(rows: torch.Tensor) -> torch.Tensor:
        return net(pixels(data.images[rows], dtype))

    def probabilities(images: torch.Tensor) -> torch.Tensor:
        return net(pixels(images, dtype)).float().softmax(1)

    forward: Step = dict(train=loss, infer=logits, latency=probabilities)[a.phase]
    if a.mode == "compile":
        forward = compiled(forward)
    if not training:
        return net, torch.inference_mode()(forward)

    opt = adam(net, fused=True, capturable=device.type == "cuda")
    scaler = torch.amp.GradScaler(device.type, enabled=a.precision == "fp16")

    def step(rows: torch.Tensor) -> None:
        opt.zero_grad(set_to_none=True)
        scaler.scale(forward(rows)).backward()
        scaler.step(opt)
        scaler.update()

    return net, step


def capture(step: Step, first: torch.Tensor) -> Step:
    """Returns a step replayed as one CUDA graph, which reads what it takes where it was at its capture."""
    taken = first.clone()
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            step(taken)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = step(taken)

    def replay(drawn: torch.Tensor) -> torch.Tensor | None:
        taken.copy_(drawn, non_blocking=True)
        graph.replay()
        return result

    return replay


def make_call(a: argparse.Namespace) -> Callable[[], object]:
    """Returns a warm step that takes its own input."""
    cuda, data = torch.device(a.device).type == "cuda", random_data(a.device)
    step = make_step(a, data)[1]
    if a.phase != "latency":
        draw = functools.partial(data.draw, a.batch)
        for _ in range(5):
            step(draw())
        if cuda and a.mode != "eager":
            step = capture(step, draw())
        return lambda: step(draw())

    images = torch.randint(0, 256, (a.batch, 1, 28, 28), dtype=torch.uint8)
    answer = torch.empty(a.batch, 10)
    if not cuda:
        return lambda: answer.copy_(step(images))
    images, answer = images.pin_memory(), answer.pin_memory()
    there = functools.partial(images.to, a.device, non_blocking=True)
    for _ in range(5):
        step(there())
    if a.mode != "eager":
        step = capture(step, there())
        there = lambda: images  # the replay copies them

    def ask() -> None:
        answer.copy_(step(there()), non_blocking=True)
        torch.cuda.current_stream().synchronize()

    return ask


class Measurement:
    """A step that is warm, and how many of them fill a window; a latency is a window by itself."""

    def __init__(self, a: argparse.Namespace):
        waits = torch.device(a.device).type == "cuda" and a.phase != "latency"
        self.sync: Callable[[], object] = torch.cuda.synchronize if waits else lambda: None
        self.call = make_call(a)
        self.steps = 1
        while a.phase != "latency" and self.window() * self.steps < WINDOW:
            self.steps *= 2

    def window(self) -> float:
        """Returns the seconds that a step took in a window of them."""
        self.sync()
        start = time.perf_counter()
        for _ in range(self.steps):
            self.call()
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
    allow_tf32(a.precision)
    if key not in kept:
        kept[key] = Measurement(a)
    median, n = kept[key].median(a.seconds)
    return dict(phase=a.phase, batch_size=a.batch, precision=a.precision, mode=a.mode,
                images_per_second=round(a.batch / median, 1),
                ms_per_step=round(median * 1e3, 4), n=n) | software(a.device)


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
            answer = dict(error=f"{type(e).__name__}: "
                                f"{str(e).strip().splitlines()[0] if str(e).strip() else 'no message'}")
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
