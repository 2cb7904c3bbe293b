"""Markdown from a report's JSON object."""

ACCURACY = "Test accuracy in per cent after each epoch of the published recipe (batch 32)."
SPEED = """Images per second, medians of rounds in which the programs took turns; the ratio is resnet's to the best of
PyTorch's modes, that of the medians, and the smallest and largest of a round."""


def page(d: dict) -> str:
    device, counts = d["device"], d["counts"]
    lines = [
        f"# {'Smoke test of the GPU check' if d['smoke'] else 'GPU check'}: {device.get('name', 'no device')}", "",
        ", ".join(f"{n} {status}" for status, n in counts.items()) + f"; {d['date']}, {d['seconds']:.0f} s.", "",
        f"- device: {pairs(device)}", f"- built: {pairs(d['bundle'])}", f"- PyTorch: {pairs(d['peer']) or 'none'}",
        *(f"- clocks: {state}" for state in d["clocks"]),
        "", "## Steps", "",
        *table(["step", "outcome", "s", ""], [[s["name"], s["status"], f"{s['seconds']:.1f}", s["detail"]] for s in d["steps"]])]
    if d["accuracy"]:
        lines += ["", "## Accuracy", "", ACCURACY, "", *accuracy(d["accuracy"])]
    if d["speed"]:
        lines += ["", "## Speed", "", SPEED, "", *speed(d["speed"])]
    for s in d["steps"]:
        if s["tail"] not in s["detail"]:
            lines += ["", f"## {s['name']}: {s['status']}", "", "```", s["tail"], "```"]
    return "\n".join(lines) + "\n"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |"

    return [line(head), "|" + "---|" * len(head), *map(line, rows)]


def pairs(d: dict) -> str:
    return ", ".join(f"{k} {v}" for k, v in d.items() if v not in (None, ""))


def accuracy(runs: list[dict]) -> list[str]:
    epochs = max(len(r["accuracies"]) for r in runs)
    rows = [[r["precision"], str(r["seed"]), *(f"{a:.2f}" for a in r["accuracies"]), *[""] * (epochs - len(r["accuracies"])),
             f"**{r['best']:.2f}**", f"{r['seconds_per_epoch']:.2f}"] for r in runs]
    return table(["precision", "seed", *map(str, range(1, epochs + 1)), "best", "s/epoch"], rows)


def speed(cases: list[dict]) -> list[str]:
    programs = list(dict.fromkeys(p for c in cases for p in c["images_per_second"]))
    rows = []
    for c in cases:
        rate = c["images_per_second"]
        ours = rate.get("resnet")
        rows.append([
            c["precision"], c["phase"], str(c["batch_size"]), f"{1e3 * c['batch_size'] / ours:.3f}" if ours else "",
            *(f"{rate[p]:,.0f}" if p in rate else "" for p in programs),
            f"**{c['ratio']:.2f}**" if "ratio" in c else "",
            f"{c['ratio_min']:.2f} to {c['ratio_max']:.2f}" if "ratio_min" in c else "", str(len(c["rounds"]))])
    return table(["precision", "phase", "batch", "ms/step", *programs, "ratio", "range", "rounds"], rows)
