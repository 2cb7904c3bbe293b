"""Trains fashion-resnet in PyTorch with the recipe of `resnet train`: what accuracy to expect.

    python3 train_accuracy.py --data-dir DIR [--seed 1] [--epochs 8] [--batch 32] [--lr 1e-3]

DIR holds Fashion-MNIST's four files, plain or .gz ($RESNET_DATA is taken too).
"""
import argparse
import gzip
import os
import struct
import time

import numpy as np
import torch
import torch.nn.functional as F

from seednet import SeedNet, adam, keras_init


def read_idx(path):
    raw = open(path, "rb").read() if os.path.exists(path) else gzip.open(path + ".gz").read()
    dims = raw[3]
    shape = struct.unpack(f">{dims}I", raw[4 : 4 + 4 * dims])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * dims).reshape(shape)


def load(directory, stem):
    images = read_idx(os.path.join(directory, f"{stem}-images-idx3-ubyte"))
    labels = read_idx(os.path.join(directory, f"{stem}-labels-idx1-ubyte"))
    x = torch.from_numpy(images.astype(np.float32) / 255)[:, None]
    return x, torch.from_numpy(labels.astype(np.int64))


def train_epoch(net, opt, x, y, batch):
    net.train()
    loss_sum = correct = 0
    order = torch.randperm(len(x))
    for part in order.split(batch):
        logits = net(x[part].contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits, y[part])
        opt.zero_grad()
        loss.backward()
        opt.step()
        loss_sum += loss.item() * len(part)
        correct += (logits.argmax(1) == y[part]).sum().item()
    return loss_sum / len(x), correct / len(x)


@torch.no_grad()
def evaluate(net, x, y):
    net.eval()
    loss_sum = correct = 0
    for xs, ys in zip(x.split(1000), y.split(1000)):
        logits = net(xs)
        loss_sum += F.cross_entropy(logits, ys, reduction="sum").item()
        correct += (logits.argmax(1) == ys).sum().item()
    return loss_sum / len(x), correct / len(x)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--data-dir", default=os.environ.get("RESNET_DATA"))
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--epochs", type=int, default=8)
    a.add_argument("--batch", type=int, default=32)
    a.add_argument("--lr", type=float, default=1e-3)
    a.add_argument("--threads", type=int, default=os.cpu_count())
    a = a.parse_args()
    if not a.data_dir:
        raise SystemExit("train_accuracy.py: no data, want --data-dir DIR or $RESNET_DATA")

    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    net = SeedNet()
    keras_init(net, a.seed)
    net = net.to(memory_format=torch.channels_last)
    opt = adam(net, a.lr)
    x, y = load(a.data_dir, "train")
    xt, yt = load(a.data_dir, "t10k")
    for epoch in range(1, a.epochs + 1):
        start = time.perf_counter()
        loss, acc = train_epoch(net, opt, x, y, a.batch)
        seconds = time.perf_counter() - start
        val_loss, val_acc = evaluate(net, xt, yt)
        print(f"seed {a.seed} epoch {epoch} {seconds:.1f} s {len(x) / seconds:.0f} img/s loss {loss:.4f} acc {acc:.4f} "
              f"val_loss {val_loss:.4f} val_acc {val_acc:.4f}", flush=True)


if __name__ == "__main__":
    main()
