"""Tests of the summary of what was measured to choose algorithms."""
import unittest

import tables
import tuning

CHOICES: dict[str, dict] = {
    "step.train n=32 net-1f bf16": dict(choice="fused", us=20.0, rivals={"apart": 50.0, "fused, one stream": 22.0}),
    "option.train n=32 net-1f bf16 fused: priorities": dict(
        choice="main stream first", us=19.0, rivals=dict(equal=20.0), default="equal"),
    "conv.forward n=2": dict(choice="b", us=1, rivals=dict(a=2), default="a",
                             refused=dict(c="cudnnConvolutionForward: CUDNN_STATUS_NOT_SUPPORTED")),
    "conv.forward n=3": dict(choice="a")}


class TuningTest(unittest.TestCase):
    def test_steps_and_their_options(self) -> None:
        lines = tables.tuned_steps(tuning.summary(CHOICES)["steps"])
        for text in ("| train | 32 | bf16 | fused | 20.0 | apart | 50.0 | 2.50 |",
                     "| train | 32 | bf16 | fused | 20.0 | fused, one stream | 22.0 | 1.10 |",
                     "| train, fused: priorities | 32 | bf16 | main stream first | 19.0 | equal | 20.0 | 1.05 |"):
            self.assertIn(text, lines)

    def test_kinds(self) -> None:
        self.assertEqual([(k["kind"], k["measured"], k["other"]) for k in tuning.summary(CHOICES)["kinds"]], [
            ("whole steps", 1, 0), ("options of whole steps", 1, 1), ("cuDNN's algorithms for convolutions", 2, 1),
            ("cuts of our convolutions", 0, 0)])

    def test_what_was_refused(self) -> None:
        refused = tuning.summary(CHOICES)["refused"]
        self.assertIn("| conv.forward n=2 | c | cudnnConvolutionForward: CUDNN_STATUS_NOT_SUPPORTED |",
                      tables.refused(refused))
        self.assertEqual(tables.refused(25 * refused)[-1], "and 5 more")
        self.assertEqual(tables.refused([]), [])

    def test_variant_of_a_step(self) -> None:
        case = dict(precision="bf16", phase="train", batch_size=32, images_per_second=dict(resnet=64000.0), rounds=[{}],
                    launches=48.0, fused=True, variant="fused, one stream", device_ms=0.5, idle_share=0.01, run=2)
        self.assertIn("| bf16 | train | 32 | 0.500 | 64,000 |  |  | 1 | 48 | fused, one stream | 0.5000 | 1.0 % | 2 |",
                      tables.speed([case]))


if __name__ == "__main__":
    unittest.main()
