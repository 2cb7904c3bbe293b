"""Checks plain.onnx and options.onnx, the fixtures of fixture_test.go, with ONNX's own tools
(pip install onnx onnxruntime numpy): python check.py

The checker takes them with shapes inferred; Python writes the same bytes; onnxruntime and the onnx package's
reference implementation give the same outputs; and so do the two files, which are one network.
"""
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator


def outputs(name, images):
    path = Path(__file__).with_name(name)
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path)
    assert model.SerializeToString(deterministic=True) == path.read_bytes(), f"{name}: not the bytes that Python writes"
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {"images": images})
    # Of opset 9 to 13, onnx 1.23 computes batch norm with the batch's statistics, where the specification and
    # onnxruntime take the model's. The nodes mean the same in opset 14.
    model.opset_import[0].version = max(14, model.opset_import[0].version)
    (want,) = ReferenceEvaluator(model).run(None, {"images": images})
    np.testing.assert_allclose(got, want, atol=2e-6, err_msg=name)  # float32 rounds at 6e-8, over sums of up to 24
    return session, got


pixels = np.random.default_rng(1).integers(0, 256, (2, 6, 5, 2), np.uint8)  # N, H, W, C
plain, logits = outputs("plain.onnx", pixels.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255))
options, probabilities = outputs("options.onnx", pixels)
exp = np.exp(logits - logits.max(1, keepdims=True))
np.testing.assert_allclose(probabilities, exp / exp.sum(1, keepdims=True), atol=2e-6)
assert np.ptp(logits, axis=0).max() > 0.01, f"the images hardly differ: {logits}"

assert plain.get_inputs()[0].shape == ["batch", 2, 6, 5] and plain.get_outputs()[0].shape == ["batch", 3]
assert options.get_inputs()[0].shape == [2, 6, 5, 2] and options.get_outputs()[0].shape == [2, 3]
meta = options.get_modelmeta()
assert meta.producer_name == "resnet" and meta.graph_name == "every-op", meta
assert meta.custom_metadata_map == {"classes": '["a","b","é"]', "dataset": "shapes"}, meta.custom_metadata_map
print("ok with onnx", onnx.__version__, "and onnxruntime", onnxruntime.__version__)
