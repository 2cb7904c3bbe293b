"""Finds the CUDA libraries that Python brought along: pip's nvidia wheels, which PyTorch installs."""
import importlib.metadata
import os
import pathlib
import re
from collections.abc import Iterable, Mapping

LIBRARY = re.compile(r"lib[\w.+-]+\.so(\.\d+)*")

# Where drivers and toolkits lie, on some machines unknown to the loader.
EXTRA = ("/usr/local/nvidia/lib64", "/usr/local/nvidia/lib", "/usr/local/cuda/lib64", "/usr/lib/wsl/lib")


def folders(distributions: Iterable[importlib.metadata.Distribution]) -> list[str]:
    """Returns the folders of shared libraries in NVIDIA's distributions: all of them, as cuDNN loads parts of itself
    and CUDA's run-time compiler as it goes."""
    found: dict[str, None] = {}
    for distribution in distributions:
        if not (distribution.metadata["Name"] or "").lower().startswith("nvidia-"):
            continue
        for file in distribution.files or []:
            if LIBRARY.fullmatch(file.name):
                found[str(pathlib.Path(str(distribution.locate_file(file))).parent.resolve())] = None
    return sorted(found)


def environment(base: Mapping[str, str], found: list[str]) -> dict[str, str]:
    """Returns the environment in which resnet finds its libraries. What the caller has set comes first."""
    env = dict(base)
    search = [p for p in (base.get("LD_LIBRARY_PATH", ""), *found, *filter(os.path.isdir, EXTRA)) if p]
    if search:
        env["LD_LIBRARY_PATH"] = ":".join(search)
    if found:
        env.setdefault("RESNET_CUDA_LIBS", ":".join(found))
    return env
