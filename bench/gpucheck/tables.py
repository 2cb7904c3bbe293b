"""Markdown from a report's JSON object."""

ACCURACY = "Test accuracy in per cent after each epoch of the published recipe (batch 32)."
SPEED = """Images per second, medians of rounds in which the programs took turns; the ratio is resnet's to the best of
PyTorch's modes, that of the medians, and the smallest and largest of a round."""


APART = """Images per second of `resnet bench` as it is and with `--fuse off`, which leaves convolutions to cuDNN; the
ratio is what it gains where its steps are fused."""
TUNING = """Whole steps that were timed in every way that they can be run, before the rounds; the ratio is the other
candidate's time to that of the one taken."""

AIMS = """Medians of rounds in which resnet came before and after PyTorch in the best of its modes; ratios above 1 are
in resnet's favour. Enough is what must be, the aim what should be: a ratio, or seconds, or per cent; the goal is for an
H200."""


def page(d: dict) -> str:
    device, counts = d["device"], d["counts"]
    lines = [
        f"# {'Smoke test of the GPU check' if d['smoke'] else 'GPU check'}: {device.get('name', 'no device')}", "",
        "```", *d["headline"], "```", "",
        ", ".join(f"{n} {status}" for status, n in counts.items()) + f"; {d['date']}, {d['seconds']:.0f} s.", "",
        f"- device: {pairs(device)}", f"- built: {pairs(d['bundle'])}", f"- PyTorch: {pairs(d['peer']) or 'none'}",
        *(f"- clocks: {state}" for state in d["clocks"]), *(f"- {run(r)}" for r in d["runs"]),
        "", "## Speed against PyTorch on the same card", "", AIMS, "", *aims(d["aims"]),
        "", "## Parts", "",
        *table(["part", "outcome", "s", "run", ""],
               [[s["name"], s["status"], f"{s['seconds']:.1f}", str(s["run"]), detail(s)] for s in d["steps"]])]
    if d["accuracy"]:
        lines += ["", "## Accuracy", "", ACCURACY, "", *accuracy(d["accuracy"])]
    if d["speed"]:
        lines += ["", "## Speed", "", SPEED, "", *speed(d["speed"])]
    if d["apart"]:
        lines += ["", "## Fused against apart", "", APART, "", *apart(d["apart"])]
    if d["tuning"]:
        lines += ["", "## Tuning", "", TUNING, "", *tuned_steps(d["tuning"]["steps"]), "",
                  *tuned_kinds(d["tuning"]["kinds"]), *refused(d["tuning"]["refused"])]
    for s in d["steps"]:
        if s["tail"] not in s["detail"]:
            lines += ["", f"## {s['name']}: {s['status']}", "", "```", s["tail"], "```"]
    return "\n".join(lines) + "\n"


def run(r: dict) -> str:
    where = f", in {r['step']}" if r["state"] != "ended" and r["step"] else ""
    return f"run {r['run']}: {r['length']}, {r['date']}, {r['seconds']:.0f} s, {r['state']}{where}"


def detail(s: dict) -> str:
    return s["detail"] + (f"; again, alone: {s['again']}" if s["again"] else "")


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |"

    return [line(head), "|" + "---|" * len(head), *map(line, rows)]


def pairs(d: dict) -> str:
    return ", ".join(f"{k} {v}" for k, v in d.items() if v not in (None, ""))


def aims(rows: list[dict]) -> list[str]:
    return table(["", "measured", "PyTorch", "mode", "ratio", "enough", "aim", "goal", "verdict"], [[
        r["name"], quantity(r["measured"], r["unit"]), quantity(r["peer"], r["unit"]), r["peer_mode"] or "",
        f"**{r['ratio']:.2f}**" if r["ratio"] else "", *(limit(r[k], r["unit"]) for k in ("least", "aim")),
        f"{r['goal']:,.0f}: {100 * r['measured'] / r['goal']:.0f} %" if r["goal"] and r["measured"] else "",
        r["verdict"]] for r in rows])


def quantity(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    digits = {"img/s": 0, "ms": 4, "s": 2, "%": 2}[unit]
    return f"{value:,.{digits}f} {unit}"


def limit(value: float | None, unit: str) -> str:
    """What is wanted of seconds and per cents, or of a ratio."""
    if value is None:
        return ""
    return f"{value:g} {unit}" if unit in ("s", "%") else f"{value:g}"


def accuracy(runs: list[dict]) -> list[str]:
    epochs = max(len(r["accuracies"]) for r in runs)
    rows = [[r["precision"], str(r["seed"]), *(f"{a:.2f}" for a in r["accuracies"]),
             *[""] * (epochs - len(r["accuracies"])),
             f"**{r['best']:.2f}**", f"{r['seconds_per_epoch']:.2f}", str(r["run"])] for r in runs]
    return table(["precision", "seed", *map(str, range(1, epochs + 1)), "best", "s/epoch", "run"], rows)


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
            f"{c['ratio_min']:.2f} to {c['ratio_max']:.2f}" if "ratio_min" in c else "", str(len(c["rounds"])),
            *([f"{c['launches']:.0f}", c.get("variant") or yes(c["fused"]), f"{c['device_ms']:.4f}",
               f"{100 * c['idle_share']:.1f} %"] if "launches" in c else [""] * 4), str(c["run"])])
    return table(["precision", "phase", "batch", "ms/step", *programs, "ratio", "range", "rounds", "launches", "fused",
                  "device ms", "idle", "run"], rows)


def yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def apart(cases: list[dict]) -> list[str]:
    return table(["precision", "phase", "batch", "fused", "as it is", "apart", "ratio", "launches", "launches apart",
                  "run"],
                 [[c["precision"], c["phase"], str(c["batch_size"]), yes(c["fused"]),
                   f"{c['images_per_second']:,.0f}", f"{c['apart']:,.0f}", f"**{c['ratio']:.2f}**",
                   f"{c['launches']:.0f}", f"{c['launches_apart']:.0f}", str(c["run"])] for c in cases])


def tuned_steps(steps: list[dict]) -> list[str]:
    def us(x: float) -> str:
        return f"{x:,.1f}" if x else "cannot run"

    return table(["step", "batch", "precision", "taken", "us", "other", "us", "ratio"], [[
        f"{s['mode']}, {s['option']}" if s["option"] else s["mode"], str(s["batch_size"]), s["precision"], s["choice"],
        us(s["us"]), other, us(theirs),
        f"{theirs / s['us']:.2f}" if theirs and s["us"] else ""]
        for s in steps for other, theirs in s["rivals"].items()])


def tuned_kinds(kinds: list[dict]) -> list[str]:
    return table(["choices", "measured", "other than without measuring"],
                 [[k["kind"], str(k["measured"]), str(k["other"])] for k in kinds])


def refused(found: list[dict]) -> list[str]:
    """What cuDNN would not run, and so something else does."""
    if not found:
        return []
    return ["", "Refused by cuDNN:", "", *table(["computation", "candidate", "why"], [
        [r["computation"], r["candidate"], r["why"]] for r in found[:20]]),
        *([f"and {len(found) - 20} more"] if found[20:] else [])]
