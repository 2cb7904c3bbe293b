"""Writes files of the network of fixtures.py in other containers, and containers.json
with images and what Keras predicts of them
(pip install keras h5py jax): KERAS_BACKEND=jax python containers.py

Weights of 16 bits in the three formats, which store them each in its own way; and
a model in which a block is a model in turn, so that layers of a class are in both."""
import json
from pathlib import Path

import keras
import numpy as np
from keras import layers

here = Path(__file__).parent
images = np.random.default_rng(2).integers(0, 256, (4, 9, 8, 2))
predictions = {}


def conv(filters, kernel, strides=1, bias=False):
    return layers.Conv2D(filters, kernel, strides=strides, padding="same", use_bias=bias)


def bn_relu(x):
    return layers.Activation("relu")(layers.BatchNormalization()(x))


def block(x):
    y = conv(3, 1)(x)
    y = conv(6, 3)(bn_relu(y))
    y = conv(3, 1)(bn_relu(y))
    s = conv(3, 1)(bn_relu(x))
    return layers.ReLU()(layers.Add()([y, s]))


def build(dtype="float32", nested=False):
    keras.utils.clear_session()
    keras.config.set_dtype_policy(dtype)
    inputs = layers.Input((9, 8, 2))
    x = layers.Rescaling(1 / 255)(inputs)
    x = bn_relu(conv(4, 3, 2, bias=True)(x))
    if nested:
        inner = layers.Input((5, 4, 4))
        x = keras.Model(inner, block(inner), name="block")(x)
    else:
        x = block(x)
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    x = layers.AveragePooling2D(2, 1)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(5, activation="relu")(x)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(x))
    rng = np.random.default_rng(1)
    for w in model.weights:
        positive = w.name in ("gamma", "moving_variance")
        w.assign(rng.uniform(0.5 if positive else -1, 1.5 if positive else 1, w.shape))
    return model


def save(model, name):
    if name.endswith(".weights.h5"):
        model.save_weights(here / name)
    else:
        model.save(here / name)
    p = np.asarray(model.predict(images.astype("float32"), verbose=0), "float32")
    predictions[name] = [round(float(v), 7) for v in p.ravel()]


for name in ("bfloat16.keras", "bfloat16.h5", "float16.weights.h5"):
    save(build(name.split(".")[0]), name)
for name in ("nested.keras", "nested.h5"):
    save(build(nested=True), name)
with open(here / "containers.json", "w") as f:
    json.dump({"images": images.ravel().tolist(), "predictions": predictions}, f)
