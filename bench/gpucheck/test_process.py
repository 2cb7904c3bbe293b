"""Tests of running programs: limits, logs, and that none outlives the check."""
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time
import unittest
from unittest import mock

import process
from fixtures import Folder, gone
from process import Ended


class ProcessTest(Folder):
    def run_python(self, text: str, limit: float = 30) -> Ended:
        return process.run([sys.executable, str(self.script(text))], self.dir / "log", limit, {}, self.dir)

    def test_output(self) -> None:
        ended = self.run_python("import sys; print('out'); print('why', file=sys.stderr); sys.exit(3)")
        self.assertEqual((ended.code, ended.output, ended.errors), (3, "out\n", "why\n"))
        self.assertEqual(ended.why(), "exit status 3: why")
        self.assertIn("out\nwhy\n(exit status 3: why", (self.dir / "log").read_text())

    def test_limit_ends_children_too(self) -> None:
        ended = self.run_python("""
            import subprocess, sys
            p = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            print(p.pid, flush=True)
            p.wait()""", limit=1)
        self.assertIsNone(ended.code)
        self.assertTrue(gone(int(ended.output)), "the child is still running")

    def test_no_program(self) -> None:
        self.assertEqual(process.run(["/no/such"], self.dir / "log", 5, {}, self.dir).code, 127)

    def test_long_output_loses_its_middle(self) -> None:
        self.run_python("print('first'); print('x' * 200000); print('last')")
        log = (self.dir / "log").read_text()
        self.assertLess(len(log), 1.5 * process.KEPT)
        self.assertIn("first", log)
        self.assertIn("last", log)

    def test_endless_output_is_bounded(self) -> None:
        with mock.patch("process.READ", 1000):
            ended = self.run_python("print('first'); print('x' * 5000); print('last')")
        self.assertLess(len(ended.output), 1100)
        self.assertTrue(ended.output.startswith("first\n") and ended.output.endswith("last\n"))

    def test_programs_end_with_a_check_that_is_killed(self) -> None:
        pids = self.dir / "pids"
        check = subprocess.Popen([sys.executable, "-B", "-c", textwrap.dedent(f"""
            import pathlib, sys, time
            sys.path.insert(0, {str(pathlib.Path(process.__file__).parent)!r})
            import process
            ended = process.start([sys.executable, "-c", ""])
            ended.wait()
            process.end(ended)
            left = [process.start([sys.executable, "-c", "import time; time.sleep(600)"]) for _ in range(2)]
            pathlib.Path({str(pids)!r}).write_text(" ".join(str(p.pid) for p in left) + ".")
            time.sleep(600)""")])
        self.addCleanup(check.wait)
        self.addCleanup(check.kill)
        while not pids.exists() or not pids.read_text().endswith("."):
            self.assertIsNone(check.poll())
            time.sleep(0.05)
        running = [int(pid) for pid in pids.read_text().strip(".").split()]
        self.assertFalse(any(gone(pid, tries=1) for pid in running))
        os.kill(check.pid, signal.SIGKILL)
        check.wait()
        self.assertTrue(all(map(gone, running)))


if __name__ == "__main__":
    unittest.main()
