"""Tests of what nvidia-smi says about clocks."""
import os
import sys
import textwrap
import unittest
from unittest import mock

import clocks
from fixtures import Folder

REASONS = """
==============NVSMI LOG==============
GPU 00000000:00:00.0
    Performance State                     : P0
    Clocks Event Reasons
        Idle                              : Active
        Applications Clocks Setting       : Not Active
        SW Power Cap                      : {cap}
        HW Slowdown                       : Not Active
            HW Thermal Slowdown           : {thermal}
        Sync Boost                        : Not Active
    Sparse Operation Mode                 : N/A
    Clocks
        SM                                : 1980 MHz
"""
COUNTERS = """    Clocks Event Reasons Counters
        SW Power Capping                  : {cap} us
        Sync Boost                        : {boost} us
        HW Thermal Slowdown               : {thermal} us
    Max Clocks
        SM                                : 1980 MHz
"""


class ClocksTest(Folder):
    def test_by_what_is_active(self) -> None:
        calm = REASONS.format(cap="Not Active", thermal="Not Active")
        hot = REASONS.format(cap="Active", thermal="Active")
        self.assertEqual(clocks.throttled(hot, calm), "")
        self.assertEqual(clocks.throttled(calm, hot), "SW Power Cap, HW Thermal Slowdown")

    def test_by_counters(self) -> None:
        hot = REASONS.format(cap="Active", thermal="Active")  # now, but for no time to speak of
        before = hot + COUNTERS.format(cap=5_000_000, boost=0, thermal=7)
        self.assertEqual(clocks.throttled(before, before), "")
        after = hot + COUNTERS.format(cap=6_500_000, boost=9_000_000, thermal=8)
        self.assertEqual(clocks.throttled(before, after), "SW Power Capping for 1.50 s")
        self.assertEqual(clocks.throttled("", after), "SW Power Capping for 6.50 s")

    def test_kept(self) -> None:
        smi = self.dir / "nvidia-smi"
        smi.write_text(textwrap.dedent(f"""\
            #!{sys.executable}
            import sys
            print(sys.argv[1:])"""))
        smi.chmod(0o755)
        file = self.dir / "nvidia-smi.txt"
        with mock.patch.dict(os.environ, PATH=str(self.dir)):
            for when in ("before speed", "after speed"):
                self.assertIn("'-q', '-d', 'CLOCK,PERFORMANCE'", clocks.keep(file, when))
            self.assertEqual(len(clocks.brief()), 1)
        text = file.read_text()
        self.assertLess(text.index("# before speed"), text.index("# after speed"))

    def test_without_nvidia_smi(self) -> None:
        with mock.patch.dict(os.environ, PATH=str(self.dir)):
            self.assertEqual((clocks.keep(self.dir / "x", "before"), clocks.brief()), ("", []))
        self.assertFalse((self.dir / "x").exists())
        self.assertEqual(clocks.throttled("", ""), "")


if __name__ == "__main__":
    unittest.main()
