"""Training and inference speed of fashion-resnet in PyTorch on the CPU: the yardstick for `resnet bench`.

    python3 train_throughput.py --batch 32 --dtype fp32|bf16 --mode eager|compile --phase train|infer

Prints one JSON line: the median over --seconds of steps after a warm-up. Images are random. See compare.py, which sets
the environment that PyTorch needs to be fast; for GPUs there is train_throughput_cuda.py.
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
    a.add_argument("--batch", type=int, default=32)
    a.add_argument("--dtype", default="fp32", choices=["fp32", "bf16"])
    a.add_argument("--mode", default="eager", choices=["eager", "compile"])
    a.add_argument("--phase", default="train", choices=["train", "infer"])
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--seconds", type=float, default=5)
    a.add_argument("--nchw", action="store_true", help="contiguous instead of channels_last")
    return a.parse_args()


def make_step(a):
    """Returns a function that takes one step."""
    layout = torch.contiguous_format if a.nchw else torch.channels_last
    net = SeedNet()
    keras_init(net, 1)
    net = net.to(memory_format=layout)
    net.train(a.phase == "train")
    x = torch.rand(a.batch, 1, 28, 28).to(memory_format=layout)
    y = torch.randint(0, 10, (a.batch,))
    if os.environ.get("ATEN_CPU_CAPABILITY") == "avx2":
        torch._inductor.config.cpp.simdlen = 256  # the compiler looks at the machine alone
    run = torch.compile(net, mode="max-autotune") if a.mode == "compile" else net

    def forward():
        with torch.autocast("cpu", torch.bfloat16, enabled=a.dtype == "bf16"):
            return run(x)

    if a.phase == "infer":
        def step():
            with torch.inference_mode():
                forward()
    else:
        opt = adam(net, fused=True)

        def step():
            opt.zero_grad()
            F.cross_entropy(forward().float(), y).backward()
            opt.step()

    return step


def measure(step, seconds):
    """Returns the seconds of each step."""
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return times


def main():
    a = arguments()
    torch.manual_seed(0)
    torch.set_num_threads(a.threads)
    step = make_step(a)
    for _ in range(6):
        step()
    times = measure(step, a.seconds)
    median = statistics.median(times)
    print(json.dumps(dict(
        framework="torch " + torch.__version__, device="cpu", phase=a.phase, batch=a.batch, dtype=a.dtype, mode=a.mode,
        layout="nchw" if a.nchw else "nhwc", threads=a.threads,
        images_per_second=round(a.batch / median, 1), step_ms=round(median * 1e3, 4), n=len(times))))


if __name__ == "__main__":
    main()
