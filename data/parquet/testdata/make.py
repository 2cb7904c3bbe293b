#!/usr/bin/env python3
"""Writes pyarrow.parquet, as the library datasets of Hugging Face does it, by pyarrow alone (26.0.1, of PyPI).

Five rows in row groups of two, compressed by Snappy. The pictures are not real: "picture 0" to "picture 4".
"""
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq

features = {
    "image": {"_type": "Image"},
    "label": {"names": ["cat", "dog", "owl"], "_type": "ClassLabel"},
}
image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
schema = pa.schema(
    [("image", image), ("label", pa.int64())],
    metadata={"huggingface": json.dumps({"info": {"features": features}})},
)
rows = [{"bytes": b"picture %d" % i, "path": None if i == 3 else f"{i}.png"} for i in range(5)]
table = pa.table([pa.array(rows, image), pa.array([0, 1, 2, 1, 0], pa.int64())], schema=schema)
here = os.path.dirname(os.path.abspath(__file__))
pq.write_table(table, os.path.join(here, "pyarrow.parquet"), row_group_size=2, compression="snappy")
