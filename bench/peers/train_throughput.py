"""Training and inference speed of fashion-resnet in PyTorch: the yardstick for `resnet bench`.

    python3 train_throughput.py --device cpu|cuda --batch 32 --dtype fp32|tf32|bf16 --mode eager|compile|graph --phase train|infer

Prints one JSON line: the median over --seconds of steps after a warm-up. Images are random and stay on the device.
--mode graph captures forward, loss, backward and Adam as one CUDA graph. For the CPU see compare.py, which sets the
environment that PyTorch needs to be fast.
"""
import argparse
import json
import os
import statistics
import time

import torch
import torch.nn.functional as F

from seednet import SeedNet, adam, keras_init


def arguments():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--device", default="cpu")
    a.add_argument("--batch", type=int, default=32)
    a.add_argument("--dtype", default="fp32", choices=["fp32", "tf32", "bf16"])
    a.add_argument("--mode", default="eager", choices=["eager", "compile", "graph"])
    a.add_argument("--phase", default="train", choices=["train", "infer"])
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--seconds", type=float, default=5)
    a.add_argument("--nchw", action="store_true", help="contiguous instead of channels_last")
    return a.parse_args()


def make_step(a, cuda):
    """Returns a function that takes one step."""
    layout = torch.contiguous_format if a.nchw else torch.channels_last
    net = SeedNet()
    keras_init(net, 1)
    net = net.to(a.device, memory_format=layout)
    net.train(a.phase == "train")
    x = torch.rand(a.batch, 1, 28, 28, device=a.device).to(memory_format=layout)
    y = torch.randint(0, 10, (a.batch,), device=a.device)
    if os.environ.get("ATEN_CPU_CAPABILITY") == "avx2":
        torch._inductor.config.cpp.simdlen = 256  # the compiler looks at the machine alone
    run = torch.compile(net, mode="max-autotune") if a.mode == "compile" else net

    def forward():
        with torch.autocast(torch.device(a.device).type, torch.bfloat16, enabled=a.dtype == "bf16"):
            return run(x)

    if a.phase == "infer":
        def step():
            with torch.inference_mode():
                forward()
    else:
        opt = adam(net, fused=True, **(dict(capturable=True) if cuda else {}))

        def step():
            opt.zero_grad(set_to_none=a.mode != "graph")
            F.cross_entropy(forward().float(), y).backward()
            opt.step()

    return step


def capture(step):
    """Returns a step replayed as one CUDA graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def measure(step, sync, inner, seconds):
    """Returns the seconds of each step; on CUDA, where a wait costs, the mean of every `inner` steps."""
    for _ in range(inner):
        step()
    sync()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        for _ in range(inner):
            step()
        sync()
        times.append((time.perf_counter() - start) / inner)
    return times


def main():
    a = arguments()
    torch.manual_seed(0)
    torch.set_num_threads(a.threads)
    cuda = torch.device(a.device).type == "cuda"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = a.dtype != "fp32"
    torch.backends.cudnn.benchmark = True
    step = make_step(a, cuda)
    for _ in range(5):
        step()
    if a.mode == "graph":
        step = capture(step)
    sync = torch.cuda.synchronize if cuda else lambda: None
    times = measure(step, sync, 50 if cuda else 1, a.seconds)
    median = statistics.median(times)
    print(json.dumps(dict(
        framework="torch " + torch.__version__, device=torch.cuda.get_device_name() if cuda else "cpu", phase=a.phase,
        batch=a.batch, dtype=a.dtype, mode=a.mode, layout="nchw" if a.nchw else "nhwc", threads=a.threads,
        images_per_second=round(a.batch / median, 1), step_ms=round(median * 1e3, 4), n=len(times))))


if __name__ == "__main__":
    main()
