"""What the tests of the check share: a folder, and a check of programs that are made up."""
import pathlib
import sys
import tarfile
import tempfile
import textwrap
import time
import unittest
from typing import Any

from check import Check
from report import Report
from settings import Settings


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
    def check(self, resnet: str = "", **settings: Any) -> Check:
        """Returns a check whose program resnet is a Python script, and whose step has a minute."""
        (self.dir / "programs").mkdir()
        program = self.dir / "programs" / "resnet"
        program.write_text(f"#!{sys.executable}\n{textwrap.dedent(resnet)}")
        program.chmod(0o755)
        with tarfile.open(self.dir / "programs.tar.xz", "w:xz") as tar:
            tar.add(self.dir / "programs", arcname=".")
        work = self.dir / "work"
        work.mkdir()
        self.report = Report(self.dir, dict(commit="abc"), smoke=False)
        c = Check(Settings(**settings), self.dir, self.dir, work, {}, {}, self.report)
        c.deadline = time.monotonic() + 60
        return c

    def outcomes(self) -> list[tuple[str, str]]:
        return [(o.name, o.status) for o in self.report.outcomes]
