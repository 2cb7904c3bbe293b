"""Resizing a photograph: this program and Pillow in turn, on one core.

    python3 bench/peers/resize.py --rounds 9 --picture photograph --filter bilinear

Prints one JSON line: images per second of both, medians over the rounds, and the ratio. A photograph has 500x375
pixels, a camera's picture 4000x3000; both become 224x224. The pixels are bytes in memory before and after. Needs Pillow
(pip install pillow==13.0.0) and Go.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

from PIL import Image

from ratios import OURS, summary

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZES = {"photograph": (500, 375), "camera": (4000, 3000)}


def arguments():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--rounds", type=int, default=9)
    a.add_argument("--seconds", type=float, default=0.5, help="of each program in a round")
    a.add_argument("--picture", default="photograph", choices=SIZES)
    a.add_argument("--filter", default="bilinear", choices=["bilinear", "bicubic"])
    a.add_argument("--isa", default="", help="avx512, avx2 or portable; by default the best of this machine")
    return a.parse_args()


def build(folder):
    """Builds the benchmark of package data/pixels and returns its path."""
    binary = os.path.join(folder, "pixels.test")
    command = ["go", "test", "-tags", "nocuda", "-c", "-o", binary, "./data/pixels"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
    return binary


def ours(binary, a):
    """Images per second of this program, of the last instruction set that its benchmark lists: the best."""
    pattern = f"^BenchmarkResize$/^{a.picture}$/^{a.filter}$/^{a.isa or '.*'}$"
    command = [binary, "-test.run=^$", f"-test.bench={pattern}", f"-test.benchtime={a.seconds}s", "-test.cpu=1"]
    out = subprocess.run(command, cwd=ROOT / "data/pixels", check=True, capture_output=True, text=True).stdout
    return 1e9 / float(re.findall(r"([\d.]+) ns/op", out)[-1])


def pillow(image, a):
    resample = Image.Resampling[a.filter.upper()]
    count, start = 0, time.perf_counter()
    while time.perf_counter() < start + a.seconds:
        image.resize((224, 224), resample)
        count += 1
    return count / (time.perf_counter() - start)


def main():
    a = arguments()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    w, h = SIZES[a.picture]
    image = Image.frombytes("RGB", (w, h), os.urandom(3 * w * h))
    with tempfile.TemporaryDirectory() as folder:
        binary = build(folder)
        rounds = [{OURS: ours(binary, a), "Pillow": pillow(image, a)} for _ in range(a.rounds)]
    print(json.dumps(dict(picture=a.picture, filter=a.filter, isa=a.isa or "best") | summary(rounds)))


if __name__ == "__main__":
    main()
