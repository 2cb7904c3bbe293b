"""What speed should be, and how much of it a report found."""
import dataclasses
import statistics
from collections.abc import Sequence
from typing import Any

from peer import Case

REACHED, ENOUGH, MISSED, NOT_MEASURED, NO_AIM = "aim reached", "enough", "missed", "not measured", ""
EAGER_ALONE = "only eager was measured"  # which is no judge: PyTorch's other modes are faster


@dataclasses.dataclass(frozen=True)
class Aim:
    """A case of the contest with PyTorch, by the ratio to the best of its modes."""

    name: str
    case: Case
    least: float | None = None  # ratio that must be; None: for information
    aim: float | None = None  # ratio that should be
    goal: float | None = None  # images per second that should be, on an H200


AIMS = (
    Aim("training, batch 32, tf32", ("train", 32, "tf32"), 1.2, 2.0, 150_000),
    Aim("training, batch 32, fp32", ("train", 32, "fp32")),
    Aim("training, batch 1024, bf16", ("train", 1024, "bf16"), 1.1, 1.5, 800_000),
    Aim("latency of an image, tf32", ("latency", 1, "tf32"), 1.0, 2.0),
    Aim("latency of an image, bf16", ("latency", 1, "bf16"), 1.0, 2.0),
    Aim("inference, batch 1024, tf32", ("infer", 1024, "tf32"), 1.0, 2.0),
    Aim("inference, batch 1024, bf16", ("infer", 1024, "bf16"), 1.0, 2.0),
)
EPOCHS_MOST, EPOCHS_AIM = 10.0, 3.0  # seconds for the recipe's epochs, from the start of the process
IDLE_MOST, IDLE_AIM = 5.0, 1.0  # per cent of the time that the GPU idles in training
IDLE_CASE: Case = ("train", 32, "tf32")

Row = dict[str, Any]


def rows(speed: Sequence[dict], epochs: Sequence[dict]) -> list[Row]:
    """Returns a row for every aim: what was measured, PyTorch's, the ratio in resnet's favour, and the verdict."""
    cases = {(c["phase"], c["batch_size"], c["precision"]): c for c in speed}
    return [*(in_contest(a, cases.get(a.case)) for a in AIMS), *in_epochs(epochs), *idle(cases.get(IDLE_CASE), epochs)]


def in_contest(a: Aim, found: dict | None) -> Row:
    rate = (found or {}).get("images_per_second", {})
    ours, ratio, mode = rate.get("resnet"), (found or {}).get("ratio"), (found or {}).get("best_mode")
    theirs = rate.get(mode)
    unit = "img/s"
    if a.case[0] == "latency":  # of one image
        unit = "ms"
        ours, theirs = (1e3 / r if r else None for r in (ours, theirs))
    return dict(name=a.name, unit=unit, measured=ours, peer=theirs, peer_mode=mode, ratio=ratio,
                least=a.least, aim=a.aim, goal=a.goal, verdict=contest_verdict(a, rate, ratio))


def contest_verdict(a: Aim, rate: dict[str, float], ratio: float | None) -> str:
    if a.least is None:
        return NO_AIM
    return EAGER_ALONE if set(rate) == {"resnet", "eager"} else at_least(ratio, a.least, a.aim)


def in_epochs(epochs: Sequence[dict]) -> list[Row]:
    theirs = next((e for e in epochs if e["program"] == "PyTorch"), None)
    result = []
    for start in ("first start", "warm start"):
        ours = next((e for e in epochs if e["program"] == "resnet" and e["start"] == start), None)
        name = f"{ours['epochs']} epochs, {ours['precision']}, {start}" if ours else f"the recipe's epochs, {start}"
        seconds: float | None = ours["seconds"] if ours else None
        peer: float | None = theirs["seconds"] if theirs else None
        result.append(dict(
            name=name, unit="s", measured=seconds, peer=peer, peer_mode=theirs and theirs["mode"],
            ratio=peer / seconds if peer and seconds else None, least=EPOCHS_MOST, aim=EPOCHS_AIM, goal=None,
            verdict=at_most(seconds, EPOCHS_MOST, EPOCHS_AIM)))
    return result


def idle(found: dict | None, epochs: Sequence[dict]) -> list[Row]:
    """The idle share of a window of steps, by events on the GPU, and of an epoch: the part of resnet train's time that
    its steps do not take."""
    window = epoch = None
    name = "GPU idle in training, batch {1}, {2}".format(*IDLE_CASE)
    if found and "idle_share" in found:
        window = 100 * found["idle_share"]
        rates = [e["images_per_second"] for e in epochs if e["program"] == "resnet" and e["precision"] == IDLE_CASE[2]]
        if rates:
            epoch = 100 * (1 - statistics.median(rates) * found["device_ms"] / 1e3 / IDLE_CASE[1])
    return [dict(name=f"{name}, {what}", unit="%", measured=share, peer=None, peer_mode=None, ratio=None,
                 least=IDLE_MOST, aim=IDLE_AIM, goal=None, verdict=at_most(share, IDLE_MOST, IDLE_AIM))
            for what, share in (("a window of steps", window), ("an epoch", epoch))]


def at_least(value: float | None, least: float, aim: float | None) -> str:
    if value is None:
        return NOT_MEASURED
    return REACHED if aim is not None and value >= aim else ENOUGH if value >= least else MISSED


def at_most(value: float | None, most: float, aim: float) -> str:
    if value is None:
        return NOT_MEASURED
    return at_least(-value, -most, -aim)
