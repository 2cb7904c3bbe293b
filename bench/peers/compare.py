"""Compares the speed of `resnet bench` with PyTorch's on the CPU, in turn: A B C A B C ...

    python3 compare.py --resnet ./resnet --rounds 5 --phase train,infer --batch-size 32,128,512 \\
        --mode eager,compile --json out.json

Every measurement is a process of its own. The table has the median of the rounds for each program and the ratio of
resnet to the faster PyTorch mode, with the range of the ratio over the rounds. --avx2 keeps both programs off AVX-512.

Before everything else PyTorch gets what it needs to be fast: threads pinned to processors and spinning, and a heap that
is not given back between steps (untuned, page faults take half of its time).
"""
import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys

from ratios import OURS, summary

HERE = pathlib.Path(__file__).resolve().parent


def environment(threads, avx2):
    """Returns the tuned environment; what the caller has set already stays."""
    tuned = {
        "GOMP_CPU_AFFINITY": " ".join(map(str, sorted(os.sched_getaffinity(0))[:threads])),
        "OMP_WAIT_POLICY": "active",
        "MALLOC_MMAP_THRESHOLD_": str(4 << 30),
        "MALLOC_TRIM_THRESHOLD_": str(8 << 30),
        "MALLOC_TOP_PAD_": str(256 << 20),
    }
    if avx2:
        tuned |= {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "RESNET_ISA": "avx2"}
    return tuned | os.environ


def output(command, env):
    p = subprocess.run(command, env=env, capture_output=True, text=True)
    if p.returncode:
        last = (p.stderr.strip().splitlines() or ["no message"])[-1]
        raise SystemExit(f"compare.py: {' '.join(command)}: exit status {p.returncode}: {last}")
    return json.loads(p.stdout)


def ours(a, env, phase, batch):
    r = output([a.resnet, "bench", "--quiet", "--format", "json", "--phase", phase, "--batch-size", str(batch),
                "--seconds", str(a.seconds), "--workers", str(a.threads)], env)
    a.machine = r["machine"]
    return r["results"][0]["images_per_second"]


def theirs(a, env, phase, batch, mode):
    r = output([a.python, str(HERE / "train_throughput.py"), "--phase", phase, "--batch", str(batch), "--mode", mode,
                "--seconds", str(a.seconds), "--threads", str(a.threads)], env)
    a.framework = r["framework"]
    return r["images_per_second"]


def arguments():
    def names(s):
        return s.split(",")

    def numbers(s):
        return [int(x) for x in s.split(",")]

    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--resnet", default=str(HERE.parents[1] / "bin" / "resnet"),
                   help="our program (default: bin/resnet of this tree)")
    a.add_argument("--python", default=sys.executable, help="a Python that has torch")
    a.add_argument("--rounds", type=int, default=5)
    a.add_argument("--seconds", type=float, default=4, help="of each measurement")
    a.add_argument("--phase", type=names, default=["train", "infer"])
    a.add_argument("--batch-size", type=numbers, default=[32, 128, 512])
    a.add_argument("--mode", type=names, default=["eager", "compile"], help="of PyTorch")
    a.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    a.add_argument("--avx2", action="store_true", help="no AVX-512 on either side")
    a.add_argument("--json", help="file to write all measurements to")
    return a.parse_args()


def compare(a, env, phase, batch):
    """Runs the rounds of one phase and batch size and sums them up."""
    rounds = []
    for i in range(a.rounds):
        r = {OURS: ours(a, env, phase, batch)} | {m: theirs(a, env, phase, batch, m) for m in a.mode}
        print(f"{phase} batch {batch} round {i + 1}/{a.rounds}: " + ", ".join(f"{k} {v:.0f}" for k, v in r.items()),
              file=sys.stderr, flush=True)
        rounds.append(r)
    return dict(phase=phase, batch_size=batch) | summary(rounds)


def main():
    a = arguments()
    env = environment(a.threads, a.avx2)
    results = [compare(a, env, p, b) for p in a.phase for b in a.batch_size]
    m = a.machine
    print(f"{m['cpu']}, {m['os']}/{m['arch']}, {a.threads} threads, resnet {m['version']} ({m['isa']}), {a.framework}, "
          f"Python {platform.python_version()}, float32, img/s, medians of {a.rounds} rounds")
    print(f"{'phase':6} {'batch':>6} {'resnet':>10} " + " ".join(f"{m:>10}" for m in a.mode)
          + f" {'ratio':>7}   min to max")
    for r in results:
        v = r["images_per_second"]
        print(f"{r['phase']:6} {r['batch_size']:6} {v[OURS]:10.0f} " + " ".join(f"{v[m]:10.0f}" for m in a.mode)
              + f" {r['ratio']:7.2f}   {r['ratio_min']:.2f} to {r['ratio_max']:.2f}")
    if a.json:
        with open(a.json, "w") as f:
            json.dump(dict(machine=m, framework=a.framework, threads=a.threads, avx2=a.avx2, results=results), f,
                      indent=2)
            f.write("\n")


if __name__ == "__main__":
    main()
