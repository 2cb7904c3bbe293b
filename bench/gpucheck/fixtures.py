"""What the tests of the check share: a folder, and a check of programs that are made up."""
import json
import pathlib
import sys
import tarfile
import tempfile
import textwrap
import time
import unittest
from collections.abc import Mapping
from typing import Any

from check import Check
from report import Report
from settings import Settings


def gone(pid: int, tries: int = 200) -> bool:
    """Waits until a process has ended; it may stay a zombie until something waits for it."""
    status = pathlib.Path(f"/proc/{pid}/status")
    for i in range(tries):
        try:
            if "State:\tZ" in status.read_text():
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        if i < tries - 1:
            time.sleep(0.05)
    return False


def write_bundle(folder: pathlib.Path, scripts: Mapping[str, str], **facts: Any) -> None:
    """Writes a bundle whose programs are Python scripts."""
    (folder / "programs").mkdir(parents=True)
    for name, text in scripts.items():
        program = folder / "programs" / name
        program.write_text(f"#!{sys.executable}\n{textwrap.dedent(text)}")
        program.chmod(0o755)
    with tarfile.open(folder / "programs.tar.xz", "w:xz") as tar:
        tar.add(folder / "programs", arcname=".")
    (folder / "bundle.json").write_text(json.dumps(facts))


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def script(self, text: str) -> pathlib.Path:
        path = self.dir / "script.py"
        path.write_text(textwrap.dedent(text))
        return path


class CheckFolder(Folder):
    def check(self, resnet: str = "", programs: Mapping[str, str] = {}, **settings: Any) -> Check:
        """Returns a check whose programs, resnet and others, are Python scripts, and whose step has a minute."""
        write_bundle(self.dir, {"resnet": resnet, **programs})
        work = self.dir / "work"
        work.mkdir()
        self.report = Report(self.dir, dict(commit="abc"), "full", smoke=False)
        c = Check(Settings(**settings), self.dir, self.dir, work, {}, {}, self.report)
        c.deadline = time.monotonic() + 60
        return c

    def outcomes(self) -> list[tuple[str, str]]:
        return [(o.name, o.status) for o in self.report.outcomes]
