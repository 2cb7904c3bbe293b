"""What gen_golden.py reads and writes: IDX files and safetensors files."""
import gzip
import json
import os
import struct

import numpy as np

DTYPES = {"float32": "F32", "uint8": "U8"}


def idx(path):
    """Reads an IDX file of bytes, gzipped (.gz) or not."""
    data = open(path, "rb").read() if os.path.exists(path) else gzip.open(path + ".gz").read()
    rank = data[3]
    shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def load(split):
    """Returns the images and labels of $FASHION_MNIST's train or test split."""
    start = os.path.join(os.environ["FASHION_MNIST"], "train" if split == "train" else "t10k")
    return idx(start + "-images-idx3-ubyte"), idx(start + "-labels-idx1-ubyte")


def save_safetensors(path, tensors, metadata):
    header, offset = {"__metadata__": metadata}, 0
    tensors = {name: np.ascontiguousarray(t) for name, t in tensors.items()}
    for name, t in tensors.items():
        header[name] = {"dtype": DTYPES[str(t.dtype)], "shape": list(t.shape),
                        "data_offsets": [offset, offset + t.nbytes]}
        offset += t.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for t in tensors.values():
            f.write(t.tobytes())
