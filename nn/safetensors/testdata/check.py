"""Reads sample.safetensors with Python's safetensors (pip install safetensors numpy): python check.py"""
from pathlib import Path

import numpy as np
from safetensors import safe_open

with safe_open(Path(__file__).with_name("sample.safetensors"), framework="np") as f:
    assert f.metadata() == {"format": "pt", "k": 'line\n"quoted"'}, f.metadata()
    want = {
        "a": np.float64(0.5),
        "b": np.array([1, 2, 3], np.uint8),
        "none": np.empty((0, 7), np.int32),
        'é"<': np.array([[1, -2]], np.float32),
    }
    assert set(f.keys()) == set(want), f.keys()
    for name, x in want.items():
        y = f.get_tensor(name)
        assert y.dtype == x.dtype and y.shape == x.shape and (y == x).all(), (name, y)
print("ok")
