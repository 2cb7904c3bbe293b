"""Sums up rounds in which programs took turns."""
import statistics

OURS = "resnet"


def summary(rounds: list[dict[str, float]]) -> dict[str, object]:
    """Returns the medians over rounds of images per second, by program, and resnet's ratio to the best of the others:
    that of the medians, and the smallest and largest of a round. A program that a round lacks was not measured in it;
    with nothing to compare there is no ratio."""
    names = list(dict.fromkeys(name for r in rounds for name in r))
    medians = {name: statistics.median(r[name] for r in rounds if name in r) for name in names}
    result: dict[str, object] = dict(images_per_second=medians)
    others = [name for name in names if name != OURS]
    if OURS in medians and others:
        best = max(others, key=medians.__getitem__)
        ratios = [r[OURS] / r[best] for r in rounds if OURS in r and best in r]
        result |= dict(best_mode=best, ratio=medians[OURS] / medians[best])
        if ratios:
            result |= dict(ratio_min=min(ratios), ratio_max=max(ratios))
    return result | dict(rounds=rounds)
