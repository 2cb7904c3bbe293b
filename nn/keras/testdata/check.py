"""Opens every Keras file of a folder, predicts, and saves the models anew.

For each model NAME there are NAME.h5, NAME.keras, NAME.weights.h5, NAME.config.json
and NAME.images (uint8, N H W C). Left behind are NAME.<format>.predictions
(float32) and what Keras writes of each loaded model: again.NAME.<format>.
usage: python check.py FOLDER"""
import importlib.util
import os
import sys
from pathlib import Path

if "KERAS_BACKEND" not in os.environ:
    there = [backend for backend in ("jax", "tensorflow", "torch") if importlib.util.find_spec(backend)]
    os.environ["KERAS_BACKEND"] = there[0]

import h5py
import keras
import numpy as np

folder = Path(sys.argv[1])


def visit(name, thing):
    if isinstance(thing, h5py.Dataset):
        assert thing.dtype == np.dtype("<f4") and np.isfinite(thing[()]).all(), name
    for key in thing.attrs:
        assert thing.attrs[key] is not None, (name, key)


for path in sorted(folder.glob("*.config.json")):
    name = path.name.removesuffix(".config.json")
    from_config = keras.models.model_from_json(path.read_text())
    from_config.load_weights(folder / f"{name}.weights.h5")
    models = {
        "h5": keras.models.load_model(folder / f"{name}.h5", compile=False),
        "keras": keras.models.load_model(folder / f"{name}.keras", compile=False),
        "weights.h5": from_config,
    }
    images = np.fromfile(folder / f"{name}.images", np.uint8).reshape((-1, *from_config.input_shape[1:]))
    for kind, model in models.items():
        # Bytes and floats are the same images.
        x = images if kind == "keras" else images.astype("float32")
        p = keras.ops.convert_to_numpy(model(x, training=False))
        p.astype("<f4").tofile(folder / f"{name}.{kind}.predictions")
        if kind == "weights.h5":
            model.save_weights(folder / f"again.{name}.weights.h5")
        else:
            model.save(folder / f"again.{name}.{kind}")
    for kind in ("h5", "weights.h5"):
        with h5py.File(folder / f"{name}.{kind}") as f:
            visit("/", f)
            f.visititems(visit)
print("keras", keras.__version__, "on", keras.backend.backend())
