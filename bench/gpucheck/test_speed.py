"""Tests of the measurements beside PyTorch, with programs in place of both that are made up."""
import functools
import sys
import time
import unittest
from unittest import mock

import speed
import tables
from fixtures import CheckFolder, Folder
from peer import Compiling, Peer, PeerError
from report import FAILED, PASSED, SKIPPED, Outcome
from rival import Rival

# Answers with 10 times the batch size in images per second, but has no bf16.
PEER = """
    import json, sys
    print(json.dumps(dict(framework="none")), flush=True)
    for line in sys.stdin:
        w = line.split()
        rate = 10.0 * int(w[w.index("--batch") + 1])
        print(json.dumps(dict(error="no bf16") if "bf16" in w else dict(images_per_second=rate)), flush=True)"""

# Does 18 and 22 times the batch size by turns, in 3 launches, and 10 times that in 9 where ops share no kernels, after
# a run of no seconds in which it measures algorithms. It has no tf32.
RESNET = """
    import json, os, pathlib, sys
    def option(name): return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else ""
    if option("--precision") == "tf32":
        sys.exit("no tf32")
    assert "--no-roofline" in sys.argv
    tuned = pathlib.Path(os.environ["XDG_CACHE_HOME"], "resnet", "tuning", "a-gpu.json")
    if option("--seconds") == "0":
        tuned.parent.mkdir(parents=True, exist_ok=True)
        step = dict(choice="fused", us=20.0, rivals=dict(apart=50.0))
        conv = dict(choice="b", us=1, rivals=dict(a=2), default="a", refused=dict(c="CUDNN_STATUS_NOT_SUPPORTED"))
        choices = {"step.train n=2 net-1f " + option("--precision"): step, "conv.forward n=2": conv}
        tuned.write_text(json.dumps(dict(choices=choices)))
    assert tuned.exists(), "a round before algorithms are measured"
    runs = pathlib.Path(__file__).with_name("runs")
    n = int(runs.read_text()) if runs.exists() else 0
    rate, gpu = 18.0 + n % 2 * 4, dict(launches_per_step=3, device_ms_per_step=0.5 + n, idle_share=0.25, fused=True)
    if option("--fuse") == "off":
        rate, gpu = 10.0, dict(gpu, launches_per_step=9, fused=False)
    elif option("--seconds") != "0":
        runs.write_text(str(n + 1))
    sizes = list(map(int, option("--batch-size").split(",")))
    cases = [(p, b) for p in ("train", "infer") for b in sizes] + [("latency", 1)]
    results = [dict(phase=p, batch_size=b, images_per_second=rate * b, gpu=gpu) for p, b in cases]
    print(json.dumps(dict(machine=dict(gpu=dict(tuning="on: 7 of 7")), results=results)))"""


class PeerTest(Folder):
    def peer(self, text: str) -> Peer:
        peer = Peer(sys.executable, "cpu", {}, self.script(text))
        self.addCleanup(peer.close)
        return peer

    def test_answers(self) -> None:
        peer = self.peer("""
            import json, sys
            print(json.dumps(dict(framework="none")), flush=True)
            for line in sys.stdin:
                w = line.split()
                rate = float(w[w.index("--batch") + 1])
                answer = dict(error="no bf16") if "bf16" in w else dict(images_per_second=rate)
                print(json.dumps(answer), flush=True)""")
        self.assertEqual(peer.hello(30), {"framework": "none"})
        self.assertEqual(peer.measure("eager", ("train", 32, "fp32"), 0, 30), {"images_per_second": 32})
        with self.assertRaisesRegex(PeerError, "no bf16"):
            peer.measure("eager", ("train", 32, "bf16"), 0, 30)
        self.assertFalse(peer.ended)
        self.assertEqual(peer.measure("eager", ("infer", 8, "fp32"), 0, 30), {"images_per_second": 8})

    def test_dies(self) -> None:
        with self.assertRaisesRegex(PeerError, "ValueError: no GPU"):
            self.peer("raise ValueError('no GPU')").hello(30)

    def test_hangs(self) -> None:
        peer = self.peer("import time; time.sleep(60)")
        with self.assertRaisesRegex(PeerError, "no answer within 0 s"):
            peer.hello(0.2)
        self.assertTrue(peer.ended)

    def test_compiles_ahead(self) -> None:
        script = self.script("""
            import sys, time
            print('{}', flush=True)
            for line in sys.stdin:
                if "--batch 3 " in line:
                    time.sleep(60)
                print('{}' if "fp32" in line else '{"error": "no bf16"}', flush=True)""")
        cases = [("train", 1, "fp32"), ("train", 2, "bf16"), ("train", 3, "fp32")]
        ahead = Compiling(cases, sys.executable, "cpu", {}, script)
        time.sleep(1)
        self.assertEqual(ahead.close(), (cases[:1], "no bf16"))


class SpeedTest(CheckFolder):
    def test_turns(self) -> None:
        c = self.check(RESNET, precisions=("fp32", "bf16", "tf32"), every_round=("fp32",),
                       once=("bf16", "tf32"), batch_sizes=(1, 2), rounds=2)
        with mock.patch("rival.Peer", functools.partial(Peer, script=self.script(PEER))):
            speed.speed(c, None)
        self.assertEqual(self.outcomes(), [
            ("tuning, fp32", PASSED), ("tuning, bf16", PASSED), ("speed, tf32", FAILED),
            ("PyTorch, eager", PASSED), ("PyTorch, graph", PASSED), ("speed", PASSED)])
        self.assertEqual(self.report.outcomes[0].detail, "on: 7 of 7")
        self.assertIn("5 cases, not 5: train batch 1 bf16: no bf16", self.report.outcomes[3].detail)
        self.assertEqual(len(self.report.speed), 10)
        for case in self.report.speed:
            rates = dict(resnet=20.0 * case["batch_size"])  # the mean of before and after
            if case["precision"] == "fp32":
                rates |= dict(eager=10.0 * case["batch_size"], graph=10.0 * case["batch_size"])
                self.assertEqual(case["ratio"], 2)
            self.assertEqual(case["rounds"], [rates] * (2 if case["precision"] == "fp32" else 1))
            # fp32 is measured in runs 0 to 3, bf16 in 4 and 5.
            self.assertEqual((case["launches"], case["device_ms"], case["idle_share"]),
                             (3, 2 if case["precision"] == "fp32" else 5, 0.25))
            self.assertTrue(case["fused"])
        # What every round has is measured without sharing too, and what was chosen is reported.
        self.assertEqual([(a["precision"], a["ratio"], a["launches"], a["launches_apart"]) for a in self.report.apart],
                         [("fp32", 2, 3, 9)] * 5)
        page = tables.page(self.report.document())
        for text in ("| fp32 | train | 2 | yes | 40 | 20 | **2.00** | 3 | 9 |",
                     "| train | 2 | bf16 | fused | 20.0 | apart | 50.0 | 2.50 |",
                     "| cuDNN's algorithms for convolutions | 1 | 1 |",
                     "| conv.forward n=2 | c | CUDNN_STATUS_NOT_SUPPORTED |"):
            self.assertIn(text, page)
        self.assertTrue((self.dir / "tuning.json").exists())

    def test_apart_is_measured_in_the_first_round(self) -> None:
        c = self.check(RESNET, precisions=("fp32", "bf16"), every_round=("fp32",), once=("bf16",),
                       batch_sizes=(1,), rounds=4)
        contest = speed.Contest(c, [])
        contest.round(0)
        self.assertEqual({a["precision"] for a in self.report.apart}, {"fp32"})
        self.assertEqual({s["precision"] for s in self.report.speed}, {"fp32"})
        self.assertEqual([o.name for o in self.report.outcomes], ["tuning, fp32"])

    def test_first_look(self) -> None:
        c = self.check(RESNET.replace("assert tuned.exists()", "assert option('--tune') == 'off'"),
                       precisions=("fp32", "bf16"), every_round=("fp32",), batch_sizes=(1, 2))
        smi = self.dir / "nvidia-smi"
        smi.write_text(f"#!{sys.executable}\nprint('  Clocks Event Reasons\\n    HW Slowdown : Active\\n')")
        smi.chmod(0o755)
        with (mock.patch("rival.Peer", functools.partial(Peer, script=self.script(PEER))),
              mock.patch.dict("os.environ", PATH=str(self.dir))):
            rival = Rival(c, ("eager",))
            self.addCleanup(rival.close, c)
            speed.look(c, rival)
        self.assertEqual(self.outcomes(), [("PyTorch, eager", PASSED), (speed.LOOK, PASSED)])
        self.assertEqual([(s["batch_size"], s["ratio"]) for s in self.report.speed if s["phase"] == "train"],
                         [(1, 1.8), (2, 1.8)])
        self.assertEqual(self.report.apart, [])
        self.assertEqual(self.report.throttled, "HW Slowdown")
        self.assertIn("# after speed, first look", self.report.states.read_text())

    def test_what_was_measured_is_not_measured_again(self) -> None:
        c = self.check("raise SystemExit('must not run')", compiled=())
        for name in ("speed", "PyTorch, eager", "PyTorch, graph"):
            self.assertFalse(speed.measured(c))
            self.report.add(Outcome(name, PASSED, ""))
        self.assertFalse(speed.measured(c))  # in this run
        for o in self.report.outcomes:
            o.run = 0
        speed.speed(c, None)
        self.assertEqual(len(self.report.outcomes), 3)
        self.report.outcomes.append(Outcome("speed, bf16", FAILED, "", step="speed"))
        self.assertFalse(speed.measured(c))

    def test_without_pytorch(self) -> None:
        c = self.check(RESNET, precisions=("fp32",), once=("fp32",), batch_sizes=(1,), rounds=1)
        with mock.patch("rival.Peer", functools.partial(Peer, script=self.script("import no_such_module"))):
            speed.speed(c, None)
        self.assertEqual(self.outcomes(), [
            ("tuning, fp32", PASSED), ("PyTorch, eager", SKIPPED), ("PyTorch, graph", SKIPPED), ("speed", PASSED)])
        self.assertNotIn("ratio", self.report.speed[0])


if __name__ == "__main__":
    unittest.main()
