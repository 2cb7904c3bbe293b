"""Writes the files that real Keras would give a user: small.h5, small.keras,
small.weights.h5 and small.json with images and predictions
(pip install keras h5py jax): KERAS_BACKEND=jax python fixtures.py

The network is small() of keras_test.go, but written as people write Keras:
layers without names, each activation a layer, the last one in the classifier.
The whole models join the two ways of the block in the other order."""
import json
from pathlib import Path

import keras
import numpy as np
from keras import layers

here = Path(__file__).parent


def conv(filters, kernel, strides=1, bias=False):
    return layers.Conv2D(filters, kernel, strides=strides, padding="same", use_bias=bias)


def bn_relu(x):
    return layers.Activation("relu")(layers.BatchNormalization()(x))


def build(shortcut_first):
    keras.utils.clear_session()
    images = layers.Input((9, 8, 2))
    x = layers.Rescaling(1 / 255)(images)
    x = bn_relu(conv(4, 3, 2, bias=True)(x))
    y = conv(3, 1)(x)
    y = conv(6, 3)(bn_relu(y))
    y = conv(3, 1)(bn_relu(y))
    s = conv(3, 1)(bn_relu(x))
    x = layers.ReLU()(layers.Add()([s, y] if shortcut_first else [y, s]))
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    x = layers.AveragePooling2D(2, 1)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(5, activation="relu")(x)
    model = keras.Model(images, layers.Dense(3, activation="softmax")(x))
    rng = np.random.default_rng(1)
    for layer in sorted(model.layers, key=lambda l: l.name):
        for w in layer.weights:
            positive = w.name in ("gamma", "moving_variance")
            w.assign(rng.uniform(0.5 if positive else -1, 1.5 if positive else 1, w.shape))
    return model


model = build(shortcut_first=True)
model.save(here / "small.h5")
model.save(here / "small.keras")
images = np.random.default_rng(2).integers(0, 256, (4, 9, 8, 2))
predictions = model.predict(images.astype("float32"), verbose=0)
model = build(shortcut_first=False)
model.save_weights(here / "small.weights.h5")
assert np.abs(model.predict(images.astype("float32"), verbose=0) - predictions).max() < 1e-6
with open(here / "small.json", "w") as f:
    json.dump({"images": images.ravel().tolist(), "predictions": [round(float(p), 7) for p in predictions.ravel()]}, f)
