"""How long the published recipe takes from the start of a process to the evaluated accuracy of its last epoch."""
import json
import statistics
import sys

from check import Check
from peer import SCRIPT
from training import elsewhere, no_images, training

PRECISION = "tf32"


def epochs(c: Check) -> None:
    """Trains twice from the same seed: with empty caches, in which the driver compiles the kernels for the GPU, and
    then with what the first run left in them. PyTorch, as one CUDA graph, comes last. It makes no pictures and no event
    file, and so resnet does not either."""
    names = {start: f"{c.settings.epochs} epochs, {start}" for start in ("first start", "warm start")}
    if no_images(c, "epochs from start to accuracy"):
        return
    if not all(map(c.report.holds, names.values())):  # the second needs what the first leaves
        starts(c, names)
    peer(c)


def starts(c: Check, names: dict[str, str]) -> None:
    caches = c.work / "caches"
    env = c.env | {"CUDA_CACHE_PATH": str(caches / "cuda"), "XDG_CACHE_HOME": str(caches)}
    for start, name in names.items():
        if c.left() < 1:
            c.no_time(name)
            return
        command = training(c, f"epochs-{start.split()[0]}", PRECISION, "--epochs", str(c.settings.epochs), "--seed",
                           "1", "--no-plots", "--no-tensorboard")
        result, ended = c.json(command, env)
        if not result:
            c.failed(name, ended.why(), ended.seconds, ended.tail(), elsewhere(c, command), env=env)
            return
        done = result["epochs"]
        add(c, name, dict(program="resnet", start=start, precision=PRECISION, epochs=len(done),
                          seconds=round(ended.seconds, 2), accuracy=100 * done[-1]["val"]["accuracy"],
                          images_per_second=statistics.median(e["images_per_second"] for e in done)))


def peer(c: Check) -> None:
    name = f"{c.settings.epochs} epochs, PyTorch"
    folder = c.env.get("RESNET_DATA")
    if not folder or not c.wants(name):
        return
    ended = c.run([sys.executable, "-B", SCRIPT.with_name("train_epochs_cuda.py"), "--data-dir", folder, "--epochs",
                   str(c.settings.epochs), "--precision", PRECISION, "--device", c.settings.peer_device],
                  env=c.peer_env)
    if not ended.passed:
        c.skipped(name, ended.why(), ended.seconds)
        return
    result = json.loads(ended.output.splitlines()[-1])
    add(c, name, dict(program="PyTorch", start="", mode=result["mode"], precision=PRECISION,
                      epochs=len(result["accuracies"]), seconds=round(ended.seconds, 2),
                      accuracy=result["accuracies"][-1]))


def add(c: Check, name: str, row: dict) -> None:
    c.report.put("epochs", row)
    c.passed(name,
             f"{row['seconds']:.2f} s from the start of the process to {row['accuracy']:.2f} % in {row['precision']}",
             row["seconds"])
