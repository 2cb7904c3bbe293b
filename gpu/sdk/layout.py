"""Lays the wheels' files out as a CUDA toolkit is installed.

The toolkit's parts come in several wheels, each with folders of its own,
which change between releases. Asked what it installed, Python knows where
everything is; links then make one folder of it:

    bin      ptxas and, from CUDA 13 on, nvcc and its helpers
    include  CUDA's, cuBLAS's and cuDNN's headers
    lib64    the libraries, and the names without a version that linkers use
    nvvm     the part of nvcc that compiles device code, where there is one

Usage: python3 layout.py WHEELS OUT, both folders; links are relative.
"""

import importlib.metadata
import os
import re
import sys

HEADERS = ["cuda.h", "cublas_v2.h", "cudnn.h"]
INCLUDE = re.compile(r".*?/include(?=/)")
LIBRARY = re.compile(r"(lib[\w.-]+?\.so)\.\d+(\.\d+)*")


def link(target, path):
    if not os.path.lexists(path):
        os.symlink(os.path.relpath(target, os.path.dirname(path)), path)


def main(wheels, out):
    files = [
        os.path.normpath(file.locate())
        for distribution in importlib.metadata.distributions(path=[wheels])
        for file in distribution.files or []
    ]
    found = {}
    for file in files:
        found.setdefault(os.path.basename(file), file)
    missing = [name for name in ["ptxas", *HEADERS] if name not in found]
    if missing:
        sys.exit(f"gpu/sdk: the wheels hold no {', '.join(missing)}: other versions than the list pins?")

    # The compiler looks for its helpers beside itself, so these stay whole.
    link(os.path.dirname(found["ptxas"]), os.path.join(out, "bin"))
    if "cicc" in found:
        link(os.path.dirname(os.path.dirname(found["cicc"])), os.path.join(out, "nvvm"))

    os.makedirs(os.path.join(out, "include"), exist_ok=True)
    os.makedirs(os.path.join(out, "lib64"), exist_ok=True)
    for folder in sorted({m[0] for m in map(INCLUDE.match, files) if m}):
        for entry in os.listdir(folder):
            link(os.path.join(folder, entry), os.path.join(out, "include", entry))
    for file in files:
        library = LIBRARY.fullmatch(os.path.basename(file))
        if library:
            link(file, os.path.join(out, "lib64", library[0]))
            link(file, os.path.join(out, "lib64", library[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
