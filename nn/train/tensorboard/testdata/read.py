"""Prints as JSON what TensorBoard reads from event files, for python_test.go.

python read.py path... (pip install tensorboard); a path is a file or a directory of them. The objects have
TensorBoard's values as the file has them, and as its dashboards get them, converted: plotted scalars, plugins (which
tags each dashboard finds), buckets (of histograms: left, right, count), text and settings.
"""
import json
import sys
from base64 import b64encode

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator as PluginEventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.util.tensor_util import make_ndarray

ALL = {"scalars": 0, "histograms": 0, "images": 0, "tensors": 0, "graph": 0}


def histogram(event):
    h = event.histogram_value
    return {
        "step": event.step, "min": h.min, "max": h.max, "num": h.num, "sum": h.sum, "squares": h.sum_squares,
        "limits": h.bucket_limit, "counts": h.bucket,
    }  # fmt: skip


def image(event):
    png = b64encode(event.encoded_image_string).decode()
    return {"step": event.step, "width": event.width, "height": event.height, "png": png}


def node(n):
    shape = n.attr["_output_shapes"].list.shape[0]
    return {"name": n.name, "op": n.op, "in": list(n.input), "shape": [d.size for d in shape.dim]}


def settings(content):
    info = metadata.parse_session_start_info_plugin_data(content)
    return {name: getattr(v, v.WhichOneof("kind")) for name, v in info.hparams.items()}


def read(path):
    stored = EventAccumulator(path, size_guidance=ALL).Reload()
    shown = PluginEventAccumulator(path, size_guidance=ALL).Reload()
    tags = stored.Tags()
    plugins = {p: shown.PluginTagToContent(p) for p in shown.ActivePlugins()}

    def tensors(plugin, value):
        return {
            tag: [{"step": e.step, "value": value(make_ndarray(e.tensor_proto))} for e in shown.Tensors(tag)]
            for tag in plugins.get(plugin, ())
        }

    return {
        "scalars": {tag: [{"step": e.step, "value": e.value} for e in stored.Scalars(tag)] for tag in tags["scalars"]},
        "plotted": tensors("scalars", float),
        "histograms": {tag: [histogram(e) for e in stored.Histograms(tag)] for tag in tags["histograms"]},
        "images": {tag: [image(e) for e in stored.Images(tag)] for tag in tags["images"]},
        "graph": [node(n) for n in stored.Graph().node] if tags["graph"] else [],
        "plugins": {p: sorted(tags) for p, tags in plugins.items()},
        "buckets": tensors("histograms", lambda x: x.tolist()),
        "text": tensors("text", lambda x: x[0].decode()),
        "settings": settings(plugins["hparams"][metadata.SESSION_START_INFO_TAG]),
    }


json.dump([read(path) for path in sys.argv[1:]], sys.stdout)
