"""Writes schedules.json, the learning rates of PyTorch's schedulers, for schedule_test.go.

    python schedules.py

Needs torch.
"""
import json
import warnings
from pathlib import Path

import torch
from torch.optim import lr_scheduler as S

warnings.simplefilter("ignore")  # the schedulers are stepped without an optimiser's step
PER_EPOCH, EPOCHS, BASE = 7, 6, 0.1


def rates(make, warmup=0):
    opt = torch.optim.SGD([torch.zeros(1)], lr=BASE)
    if warmup == 0:
        sched = make(opt, PER_EPOCH * EPOCHS)
    else:
        w = warmup * PER_EPOCH
        main = make(opt, PER_EPOCH * EPOCHS - w)
        warm = S.LinearLR(opt, start_factor=1 / w, total_iters=w - 1)
        sched = S.SequentialLR(opt, [warm, main], milestones=[w])
    out = []
    for _ in range(PER_EPOCH * EPOCHS):
        out.append(opt.param_groups[0]["lr"])
        sched.step()
    return out


def step(opt, total):  # StepLR counts epochs; ours sees one every PER_EPOCH steps
    return S.StepLR(opt, step_size=2 * PER_EPOCH, gamma=0.3)


def cosine(opt, total):
    return S.CosineAnnealingLR(opt, T_max=total, eta_min=0.002)


def onecycle(opt, total):
    return S.OneCycleLR(opt, max_lr=BASE, total_steps=total, pct_start=0.3, div_factor=25, final_div_factor=1e4,
                        cycle_momentum=False)


out = {
    "steps_per_epoch": PER_EPOCH, "epochs": EPOCHS, "base": BASE,
    "step": rates(step), "cosine": rates(cosine), "onecycle": rates(onecycle),
    "step+2": rates(step, 2), "cosine+2": rates(cosine, 2),
}
Path(__file__).with_name("schedules.json").write_text(json.dumps(out, indent=1) + "\n")
