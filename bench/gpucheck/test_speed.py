"""Tests of the measurements beside PyTorch, with programs in place of both that are made up."""
import functools
import sys
import time
import unittest
from unittest import mock

import speed
from fixtures import CheckFolder, Folder
from peer import Compiling, Peer, PeerError
from report import FAILED, PASSED, SKIPPED

# Answers with 10 times the batch size in images per second, but has no bf16.
PEER = """
    import json, sys
    print(json.dumps(dict(framework="none")), flush=True)
    for line in sys.stdin:
        w = line.split()
        rate = 10.0 * int(w[w.index("--batch") + 1])
        print(json.dumps(dict(error="no bf16") if "bf16" in w else dict(images_per_second=rate)), flush=True)"""

# Does 20 times the batch size, but has no tf32.
RESNET = """
    import json, sys
    if "tf32" in sys.argv:
        sys.exit("no tf32")
    sizes = map(int, sys.argv[sys.argv.index("--batch-size") + 1].split(","))
    results = [dict(phase=p, batch_size=b, images_per_second=20.0 * b) for b in sizes for p in ("train", "infer")]
    print(json.dumps(dict(results=results)))"""


class PeerTest(Folder):
    def peer(self, text: str) -> Peer:
        peer = Peer("eager", sys.executable, "cpu", {}, self.script(text))
        self.addCleanup(peer.close)
        return peer

    def test_answers(self) -> None:
        peer = self.peer("""
            import json, sys
            print(json.dumps(dict(framework="none")), flush=True)
            for line in sys.stdin:
                w = line.split()
                answer = dict(error="no bf16") if "bf16" in w else dict(images_per_second=float(w[w.index("--batch") + 1]))
                print(json.dumps(answer), flush=True)""")
        self.assertEqual(peer.hello(30), {"framework": "none"})
        self.assertEqual(peer.measure(("train", 32, "fp32"), 0, 30), {"images_per_second": 32})
        with self.assertRaisesRegex(PeerError, "no bf16"):
            peer.measure(("train", 32, "bf16"), 0, 30)
        self.assertFalse(peer.ended)
        self.assertEqual(peer.measure(("infer", 8, "fp32"), 0, 30), {"images_per_second": 8})

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
        c = self.check(RESNET, precisions=("fp32", "bf16", "tf32"), batch_sizes=(1, 2), rounds=2)
        with mock.patch("rival.Peer", functools.partial(Peer, script=self.script(PEER))):
            speed.speed(c, None)
        self.assertEqual(self.outcomes(), [
            ("speed, tf32", FAILED), ("PyTorch, eager", PASSED), ("PyTorch, graph", PASSED), ("speed", PASSED)])
        self.assertIn("4 cases, not 4: train batch 1 bf16: no bf16", self.report.outcomes[1].detail)
        self.assertEqual(len(self.report.speed), 8)
        for case in self.report.speed:
            rates = dict(resnet=20.0 * case["batch_size"])
            if case["precision"] == "fp32":
                rates |= dict(eager=10.0 * case["batch_size"], graph=10.0 * case["batch_size"])
                self.assertEqual(case["ratio"], 2)
            self.assertEqual(case["rounds"], [rates, rates])

    def test_without_pytorch(self) -> None:
        c = self.check(RESNET, precisions=("fp32",), batch_sizes=(1,), rounds=1)
        with mock.patch("rival.Peer", functools.partial(Peer, script=self.script("import no_such_module"))):
            speed.speed(c, None)
        self.assertEqual(self.outcomes(), [("PyTorch, eager", SKIPPED), ("PyTorch, graph", SKIPPED), ("speed", PASSED)])
        self.assertNotIn("ratio", self.report.speed[0])


if __name__ == "__main__":
    unittest.main()
