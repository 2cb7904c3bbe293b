"""Tests of the sanitizer's step, on tools that are made up."""
import pathlib
import re
import sys
import unittest
from unittest import mock

import sanitizer
from fixtures import CheckFolder
from report import FAILED, PASSED, SKIPPED

TREE = pathlib.Path(__file__).resolve().parents[2]


class SanitizerTest(CheckFolder):
    def tool(self, text: str) -> str:
        path = self.dir / "compute-sanitizer"
        path.write_text(f"#!{sys.executable}\n{text}")
        path.chmod(0o755)
        return str(path)

    def test_what_the_sanitizer_says(self) -> None:
        c = self.check()
        for name, printed, code in (
                ("fine", "========= ERROR SUMMARY: 0 errors", 0),
                ("found", "========= Invalid __global__ read of size 4 bytes\n========= ERROR SUMMARY: 1 error",
                 sanitizer.FOUND),
                ("the program failed", "no such flag\n========= ERROR SUMMARY: 0 errors", 1),
                ("refused", "========= Error: Device not supported. Please refer to the documentation", 1),
                ("hazard", "========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)\n"
                 "========= Error: Race reported between Write access at 0x460 in x.cu:41", sanitizer.FOUND)):
            tool = self.tool(f"print({printed!r})\nexit({code})")
            sanitizer.sanitize(c, [tool, "--tool", "racecheck"], name, ["program"])
        self.assertEqual(self.outcomes(), [
            ("racecheck of fine", PASSED), ("racecheck of found", FAILED), ("racecheck of the program failed", FAILED),
            ("racecheck of refused", SKIPPED), ("racecheck of hazard", FAILED)])

    def test_only_our_kernels_hazards_count(self) -> None:
        c = self.check()
        ptx = self.dir / "kernels" / "cuda" / "ptx"
        ptx.mkdir(parents=True)
        (ptx / "a.ptx").write_text(".visible .entry stem_bf16(\n.visible .entry adam(\n")
        race = ("========= {0}: Race reported between Write access at {1}+0x90\n"
                "=========     and Read access at {1}+0x100")
        theirs = race.format("Error", "void gemv2T_kernel<(bool)0>(int *)")
        summary = "========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)"
        both = theirs + "\n=========\n" + race.format("Warning", "stem_bf16")
        for name, said in (("theirs", theirs), ("ours", both)):
            tool = self.tool(f"print({said + chr(10) + summary!r})\nexit({sanitizer.FOUND})")
            sanitizer.sanitize(c, [tool, "--tool", "racecheck"], name, ["program"])
            sanitizer.sanitize(c, [tool, "--tool", "memcheck"], name, ["program"])
        self.assertEqual(self.outcomes(), [("racecheck of theirs", PASSED), ("memcheck of theirs", FAILED),
                                           ("racecheck of ours", FAILED), ("memcheck of ours", FAILED)])
        self.assertIn("none of our kernels; others': 1 hazard", self.report.outcomes[0].detail)
        self.assertIn("stem_bf16", self.report.outcomes[2].tail)
        self.assertNotIn("gemv2T", self.report.outcomes[2].tail)

    def test_the_filter_spares_our_kernels(self) -> None:
        names = sanitizer.kernel_names(TREE)
        self.assertGreater(len(names), 50)
        self.assertEqual([n for n in names if re.search(sanitizer.VENDOR, n)], [])

    def test_filter_by_the_name_that_the_tool_has(self) -> None:
        c = self.check()
        for known, want in (("--kernel-name arg\n --kernel-name-exclude arg", "--kernel-name-exclude"),
                            ("--kernel-regex-exclude arg", "--kernel-regex-exclude"), ("--tool arg", "")):
            found = sanitizer.exclusion(c, self.tool(f"print({known!r})"))
            self.assertEqual([*found, ""][0], want)

    def test_short_list_of_kernels_comes_first(self) -> None:
        c = self.check()
        self.tool("import sys\nprint('--kernel-name-exclude\\n========= ERROR SUMMARY: 0 errors', *sys.argv[1:])")
        with mock.patch.dict("os.environ", PATH=str(self.dir)):
            sanitizer.sanitizers(c)
        names = [o.name for o in self.report.outcomes]
        for i, what in enumerate(("kernels", "fused steps", "steps apart")):
            self.assertEqual(set(names[2 * i : 2 * i + 2]), {f"memcheck of {what}", f"racecheck of {what}"})
        self.assertEqual({o.status for o in self.report.outcomes}, {PASSED})
        log = self.report.log.read_text()
        self.assertIn("--tune off --precision bf16 --fuse on", log)
        self.assertRegex(log, r"--tool racecheck --kernel-name-exclude regex=cudnn")
        self.assertNotRegex(log, r"--tool memcheck --kernel-name-exclude")
        c.deadline = 0
        sanitizer.sanitize(c, ["compute-sanitizer", "--tool", "memcheck"], "more", ["program"])
        self.assertEqual(self.outcomes()[-1], ("memcheck of more", SKIPPED))


if __name__ == "__main__":
    unittest.main()
