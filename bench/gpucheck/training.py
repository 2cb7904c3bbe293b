"""Steps that train: whether a captured step computes an eager step's bits, and how accurate each precision becomes."""
import functools
import hashlib
import pathlib
import statistics
from collections.abc import Mapping

from check import Check, Command
from correctness import together
from process import Ended
from settings import PRECISIONS

REFERENCE = "fp32"  # the precision that others are held against


def training(c: Check, name: str, precision: str, *options: str) -> Command:
    """Returns the command that trains into the folder called name."""
    return [c.resnet, "train", "--quiet", "--format", "json", "--device", c.settings.device,
            "--precision", precision, "--tune", c.settings.tune, "--output", c.work / name,
            *c.settings.model, *(c.data or ()), *options]


def no_images(c: Check, name: str) -> bool:
    if c.data is None:
        c.skipped(name, "the bundle has no data set")
    return c.data is None


def captured(c: Check) -> None:
    """For each precision, trains an epoch three times, at once: twice with captured steps, once launching every kernel.
    Algorithms are not measured: each run would choose for itself."""
    if no_images(c, "captured and eager steps"):
        return
    ways: dict[str, tuple[str, ...]] = {"captured": (), "captured again": (), "eager": ("--no-graph",)}
    for precision in c.settings.precisions:
        name = f"captured and eager steps, {precision}"
        if not c.wants(name):
            continue
        commands = {way: training(c, f"captured-{precision}-{way.replace(' ', '-')}", precision, "--deterministic",
                                  "--epochs", "1", "--val", "none", "--tune", "off",
                                  "--batch-size", str(c.settings.captured_batch), *options)
                    for way, options in ways.items()}
        results = together([functools.partial(c.json, command) for command in commands.values()])
        compare(c, name, dict(zip(ways, results)), commands)


def compare(c: Check, name: str, results: dict[str, tuple[dict, Ended]], commands: Mapping[str, Command]) -> None:
    seconds = max(ended.seconds for _, ended in results.values())
    for way, (result, ended) in results.items():
        if not result:
            c.failed(name, f"{way}: {ended.why()}", seconds, ended.tail(), elsewhere(c, commands.get(way, ())))
            return
    digests = {way: digest(pathlib.Path(result["last_weights"])) for way, (result, _) in results.items()}
    steps = next(iter(results.values()))[0]["epochs"][-1]["step"]
    if len(set(digests.values())) == 1:
        c.passed(name, f"{len(results)} runs of {steps} steps wrote the same weights, SHA-256 {digests['eager'][:16]}",
                 seconds)
    else:
        c.failed(name, f"after {steps} steps weights differ: " + ", ".join(f"{w} {d[:16]}" for w, d in digests.items()),
                 seconds)


def elsewhere(c: Check, command: Command) -> Command:
    """Returns a command that trains into a folder that does not exist yet."""
    return [f"{part}-again" if i and command[i - 1] == "--output" else part
            for i, part in enumerate(command)]


def digest(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def reference_accuracy(c: Check) -> None:
    accuracy(c, [REFERENCE])


def other_accuracies(c: Check) -> None:
    accuracy(c, [p for p in PRECISIONS if p in c.settings.precisions and p != REFERENCE])


def accuracy(c: Check, precisions: list[str]) -> None:
    """Trains with the published recipe, every precision from the same seeds, one run after the other so that an epoch's
    time means something. What is measured here to choose algorithms is not used elsewhere: PyTorch may be compiling on
    the same card."""
    for precision in precisions:
        name = f"accuracy, {precision}"
        if c.report.holds(name) or no_images(c, name):
            continue
        if run_seeds(c, name, precision):
            judge(c, name, precision)


def run_seeds(c: Check, name: str, precision: str) -> bool:
    """Trains from every seed for which there is time, and says whether no run failed."""
    seconds = 0.0  # of the run before
    env = c.env | {"XDG_CACHE_HOME": str(c.work / "accuracy-cache")}
    for seed in c.settings.seeds:
        if c.left() < 1.1 * seconds + 1:
            break
        command = training(c, f"accuracy-{precision}-{seed}", precision, "--epochs", str(c.settings.epochs),
                           "--seed", str(seed))
        result, ended = c.json(command, env)
        seconds = ended.seconds
        if not result:
            c.failed(name, f"seed {seed}: {ended.why()}", seconds, ended.tail(), elsewhere(c, command), env=env)
            return False
        c.report.put("accuracy", row(precision, seed, seconds, result["epochs"]))
    return True


def row(precision: str, seed: int, seconds: float, epochs: list[dict]) -> dict:
    accuracies = [100 * e["val"]["accuracy"] for e in epochs]
    return dict(precision=precision, seed=seed, accuracies=accuracies, best=max(accuracies), seconds=seconds,
                seconds_per_epoch=statistics.median(e["seconds"] for e in epochs),
                images_per_second=statistics.median(e["images_per_second"] for e in epochs))


def judge(c: Check, name: str, precision: str) -> None:
    """Compares the mean of a precision's bests with float32's from the same seeds, and float32's with the floor."""
    runs = {p: {r["seed"]: r for r in c.report.accuracy if r["precision"] == p} for p in (precision, REFERENCE)}
    mine = runs[precision]
    if not mine:
        c.no_time(name)
        return
    seeds = [s for s in mine if s in runs[REFERENCE]]
    seconds = sum(r["seconds"] for r in mine.values())
    mean = statistics.mean(r["best"] for r in mine.values())
    text = f"mean of the bests {mean:.2f} %, seeds {', '.join(map(str, mine))}"
    if len(mine) < len(c.settings.seeds):
        text += " (no time for more)"
    if precision == REFERENCE:
        ok, text = mean >= c.settings.accuracy_floor, f"{text}, wanted {c.settings.accuracy_floor:.2f} %"
    elif seeds:
        behind = statistics.mean(runs[REFERENCE][s]["best"] - mine[s]["best"] for s in seeds)
        ok = behind <= c.settings.accuracy_tolerance
        text += f", {abs(behind):.2f} points {'below' if behind > 0 else 'above'} {REFERENCE}'s"
        text += f", allowed {c.settings.accuracy_tolerance:.2f} below"
    else:
        c.skipped(name, f"{text}; {REFERENCE}, with which to compare it, has no result", seconds)
        return
    (c.passed if ok else c.failed)(name, text, seconds)
