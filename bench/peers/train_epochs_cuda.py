"""How long PyTorch takes on a GPU from its start to the test accuracy after some epochs of fashion-resnet's recipe.

    python3 train_epochs_cuda.py --data-dir DIR [--epochs 6] [--batch 32]
        [--precision fp32|tf32|bf16|fp16] [--mode graph|eager]

DIR holds Fashion-MNIST's four files, plain or .gz. Prints one JSON object: the test accuracy after each epoch, in per
cent, and the seconds since this process began. The data set lies in the GPU's memory and a step is one CUDA graph, as
in train_throughput_cuda.py; torch.compile, which takes longer than the epochs, is left out.
"""
import time

BEGAN = time.perf_counter()

import argparse
import json

import torch

from train_accuracy import read_idx
from train_throughput_cuda import DataSet, allow_tf32, capture, make_step, pixels


def read(folder: str, split: str, device: str) -> DataSet:
    images, labels = (torch.from_numpy(read_idx(f"{folder}/{split}-{kind}-ubyte").copy())
                      for kind in ("images-idx3", "labels-idx1"))
    return DataSet(images[:, None].to(device), labels.long().to(device))


@torch.inference_mode()
def accuracy(net: torch.nn.Module, test: DataSet) -> float:
    """Returns how many images in a hundred the network is right on."""
    net.eval()
    correct = sum((net(pixels(x, torch.float32)).argmax(1) == y).sum()
                  for x, y in zip(test.images.split(1000), test.labels.split(1000)))
    net.train()
    return 100 * int(correct) / len(test.labels)


def main() -> None:
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--data-dir", required=True)
    a.add_argument("--device", default="cuda", help="cpu only to try this script, with --mode eager")
    a.add_argument("--epochs", type=int, default=6)
    a.add_argument("--batch", type=int, default=32)
    a.add_argument("--precision", default="tf32", choices=["fp32", "tf32", "bf16", "fp16"])
    a.add_argument("--mode", default="graph", choices=["eager", "graph"])
    a.set_defaults(phase="train")
    a = a.parse_args()
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    allow_tf32(a.precision)
    train, test = (read(a.data_dir, split, a.device) for split in ("train", "t10k"))
    net, step = make_step(a, train)
    if a.mode == "graph":
        step = capture(step, train.draw(a.batch))  # takes five steps, which nobody minds
    accuracies = []
    for _ in range(a.epochs):
        train.shuffle()
        for _ in range(len(train.labels) // a.batch):
            step(train.draw(a.batch))
        accuracies.append(accuracy(net, test))
    print(json.dumps(dict(mode=a.mode, precision=a.precision, batch_size=a.batch, accuracies=accuracies,
                          seconds=round(time.perf_counter() - BEGAN, 2))))


if __name__ == "__main__":
    main()
