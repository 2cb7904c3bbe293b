"""Runs ONNX models on onnxruntime, for runtime_test.go.

python run.py runs.json, where runs is a list of {"model", "dtype", "shape",
"input", "outputs"}: input is a file with the images' raw elements; outputs, a
file that is written, gets those of the model's only output as float32. With the
onnx package each model is checked in full as well, operators and shapes. Needs
onnxruntime and numpy; prints their versions.
"""
import json
import sys

import numpy as np
import onnxruntime

try:
    import onnx
except ImportError:
    onnx = None

sessions = {}


def open_model(path):
    if path in sessions:
        return sessions[path]
    if onnx:
        onnx.checker.check_model(path, full_check=True)
    sessions[path] = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return sessions[path]


with open(sys.argv[1]) as f:
    runs = json.load(f)
for run in runs:
    session = open_model(run["model"])
    images = np.fromfile(run["input"], run["dtype"]).reshape(run["shape"])
    (outputs,) = session.run(None, {session.get_inputs()[0].name: images})
    shape = [run["shape"][0], session.get_outputs()[0].shape[1]]
    assert list(outputs.shape) == shape and outputs.dtype == np.float32, (outputs.shape, outputs.dtype)
    outputs.tofile(run["outputs"])
print("onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__ if onnx else "absent: models not checked")
