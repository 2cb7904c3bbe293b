"""What Pillow makes of a picture, for tests.

    pillow.py serve              answer requests on standard input until it ends
    pillow.py golden SUBJECT     print golden values, a line of JSON each: resize

Made with Pillow 13.0.0 and NumPy 2.4.6 (pip install pillow==13.0.0 numpy==2.4.6). A request is a line of JSON and the
bytes of a picture; the answer is a line of JSON and the bytes of another one. Golden values name their pictures by the
seed of a generator, and hold the CRC-32 of the answer's bytes.
"""

import itertools
import json
import sys
import zlib

import numpy as np
from PIL import Image

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}


def resize(image, size, filter, box):
    return image.resize(tuple(size), FILTERS[filter], tuple(box))


OPERATIONS = {"resize": resize}


def noise(seed, n):
    """Bytes 24 to 31 of the states of a linear congruential generator (Numerical Recipes' ranqd1)."""
    out, state = bytearray(n), seed
    for i in range(n):
        state = (state * 1664525 + 1013904223) % 2**32
        out[i] = state >> 24
    return bytes(out)


def answer(request, content):
    image = Image.frombytes(request["mode"], tuple(request["size"]), content)
    return OPERATIONS[request["op"]](image, **request["args"])


def serve():
    for line in sys.stdin.buffer:
        request = json.loads(line)
        image = answer(request, sys.stdin.buffer.read(request["bytes"]))
        content = image.tobytes()
        head = {"mode": image.mode, "size": image.size, "bytes": len(content)}
        sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + content)
        sys.stdout.buffer.flush()


def resize_cases():
    sizes = [
        ((40, 30), (28, 28)), ((28, 28), (28, 28)), ((9, 5), (28, 28)), ((61, 83), (7, 11)), ((1, 1), (5, 4)),
        ((300, 7), (28, 3)), ((7, 11), (61, 83)), ((33, 17), (33, 40)), ((33, 17), (90, 17)), ((13, 100), (1, 1)),
        ((50, 1), (20, 1)), ((1, 50), (1, 20)),
    ]  # fmt: skip
    parts = [(0, 0, 1, 1), (0.1, 0.2, 0.7, 0.9), (0.333, 0, 0.334, 1)]
    for (old, new), mode, filter in itertools.product(sizes, CHANNELS, FILTERS):
        for part in parts:
            box = [float(np.float32(p * side)) for p, side in zip(part, old + old)]
            yield mode, old, {"size": new, "filter": filter, "box": box}


CASES = {"resize": resize_cases}


def golden(subject):
    for seed, (mode, size, args) in enumerate(CASES[subject]()):
        content = noise(seed, size[0] * size[1] * CHANNELS[mode])
        image = answer({"op": subject, "mode": mode, "size": size, "args": args}, content)
        line = {"op": subject, "mode": mode, "size": size, "seed": seed, "args": args}
        line["crc"] = zlib.crc32(image.tobytes())
        print(json.dumps(line, separators=(",", ":")))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        golden(sys.argv[2])
