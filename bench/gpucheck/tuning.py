"""What resnet measured to choose among candidates that compute the same, from the file in which it keeps that."""
import json
import re
import shutil
from collections.abc import Mapping

from check import Check

# A whole step, and an option of one: the step's name and the option's follow.
STEP = re.compile(r"(?:step|option)\.(?P<mode>\w+) n=(?P<batch>\d+) \S+ (?P<precision>\w+)(?: (?P<option>.*))?")

# Beginnings of the names of choices, and what they are about.
KINDS = {"step.": "whole steps", "option.": "options of whole steps", "conv.": "cuDNN's algorithms for convolutions",
         "fused ": "cuts of our convolutions"}


def collect(c: Check) -> None:
    """Puts what has been measured so far into the report, and the file beside that; nothing where there is none."""
    files = sorted((c.cache / "resnet" / "tuning").glob("*.json"), key=lambda path: path.stat().st_mtime)
    if files:
        shutil.copyfile(files[-1], c.report.folder / "tuning.json")
        c.report.note(tuning=summary(json.loads(files[-1].read_text())["choices"]))


def summary(choices: Mapping[str, dict]) -> dict[str, list[dict]]:
    """Returns steps, a row for each that was timed; kinds: for each kind of choice how many were measured, and how many
    differ from the choice made without measuring; and refused: which candidates cuDNN would not run, and its words."""
    steps = []
    for key, choice in choices.items():
        if m := STEP.fullmatch(key):
            steps.append(dict(mode=m["mode"], batch_size=int(m["batch"]), precision=m["precision"],
                              option=m["option"] or "", choice=choice["choice"], us=choice.get("us", 0),
                              rivals=choice.get("rivals", {})))
    kinds = []
    for beginning, kind in KINDS.items():
        of = [choice for key, choice in choices.items() if key.startswith(beginning)]
        kinds.append(dict(kind=kind, measured=len(of), other=sum("default" in choice for choice in of)))
    refused = [dict(computation=key, candidate=candidate, why=why)
               for key, choice in choices.items() for candidate, why in choice.get("refused", {}).items()]
    return dict(steps=sorted(steps, key=lambda s: (s["precision"], s["mode"], s["batch_size"])), kinds=kinds,
                refused=refused)
