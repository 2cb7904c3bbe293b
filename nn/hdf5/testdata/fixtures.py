"""Writes h5py.h5 for the reader's test and reads sample.h5, which the writer's
test compares its output with (pip install h5py numpy): python fixtures.py"""
from pathlib import Path

import h5py
import numpy as np

here = Path(__file__).parent


def write(path):
    with h5py.File(path, "w") as f:
        f.attrs["text"] = "é 3.15"
        f.attrs["bytes"] = b'{"x": 1}'
        f.attrs["fixed"] = np.bytes_(b"abc")
        f.attrs["variable"] = [b"ab", b"", b"cde"]
        f.attrs["fixed list"] = np.array([b"ab", b"cde"])
        f.attrs["none"] = []
        f.attrs["number"] = 3.0
        for i in range(12):  # so many that the object header continues elsewhere
            f.attrs[f"filler{i}"] = "x" * i
        f["a/b/float32"] = np.arange(6, dtype="<f4").reshape(2, 3)
        f["a/b/float64"] = np.array([0.1, -2.0])
        f["scalar"] = np.float32(3)
        f["empty"] = np.zeros((0, 3), "<f4")
        f["integers"] = np.arange(3)
        f["big-endian"] = np.arange(3, dtype=">f4")
        f.create_dataset("chunked", data=np.zeros(8, "<f4"), chunks=(4,), compression="gzip")
        f["soft"] = h5py.SoftLink("/scalar")
        for i in range(200):  # so many that the B-tree has two levels
            f[f"many/{i}"] = f["scalar"]
    with h5py.File(here / "latest.h5", "w", libver="latest") as f:
        f["scalar"] = np.float32(3)


def check(path):
    with h5py.File(path) as f:
        assert dict(f.attrs) == {"text": "é", "nothing": ""}, dict(f.attrs)
        assert list(f) == ["a", "empty", "many"] and list(f["empty"]) == [], list(f)
        assert list(f["a"].attrs["names"]) == ["one", "", "thrée"] and len(f["a"].attrs["none"]) == 0
        assert f["a/b/x"][()].tolist() == [[1, -2, 0.5]] and f["a/b/x"].dtype == np.dtype("<f4")
        assert f["a/scalar"][()] == 3 and f["a/scalar"].shape == () and f["a/none"].shape == (0, 2)
        assert [float(f["many"][k][()]) for k in f["many"]] == list(range(20))


write(here / "h5py.h5")
check(here / "sample.h5")
print("ok")
