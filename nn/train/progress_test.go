package train

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"resnet/nn/infer"
)

func TestProgressLines(t *testing.T) {
	c, o := small(t)
	var out bytes.Buffer
	o.Stderr = &out
	mustRun(t, c, o)
	for _, want := range []string{
		"model: fashion-resnet, 1x4x4, 3 classes, ",
		"data: fake, 47 training images, validation on the test split (13 images)",
		"training: fake, batch 5, 10 steps an epoch, 3 epochs, adam, lr 0.001 constant",
		"output: " + c.Output,
		"best: epoch 1 with val_acc ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	line := regexp.MustCompile(`(?m)^epoch [123]/3  loss \d+\.\d{4}  acc \d+\.\d\d%  val_loss \d+\.\d{4}  ` +
		`val_acc \d+\.\d\d%  lr 0\.001  \d+\.\d s  \d+ img/s(  best)?$`)
	if n := len(line.FindAllString(out.String(), -1)); n != 3 {
		t.Errorf("%d epoch lines, want 3:\n%s", n, out.String())
	}
	if strings.ContainsAny(out.String(), "\r\x1b") {
		t.Error("control characters without a terminal")
	}
	out.Reset()
	o.Color, c.Output = true, c.Output+"1"
	mustRun(t, c, o)
	if n := strings.Count(out.String(), "\x1b[32mbest\x1b[0m\n"); n == 0 ||
		n != strings.Count(out.String(), "\x1b[32m") {
		t.Errorf("in colour: %d best epochs at a line's end in\n%q", n, out.String())
	}
	out.Reset()
	o.Quiet, c.Output = true, c.Output+"2"
	mustRun(t, c, o)
	if out.Len() > 0 {
		t.Errorf("quiet: %q", out.String())
	}
}

func TestProgressBar(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out, true, false)
	p.train = 1000
	s := &StepInfo{Epoch: 3, Epochs: 30, Step: 5, Steps: 10, Images: 500, ImagesPerSecond: 2,
		Train: infer.Score{Loss: 0.25, Accuracy: 0.875}}
	if err := p.step(s); err != nil {
		t.Fatal(err)
	}
	// 79 columns of 80: a bar of 16 between the brackets, half full.
	const want = "\repoch  3/30 [========        ] 5/10  loss 0.2500  acc 87.50%  2 img/s  eta 4:10\x1b[K"
	if out.String() != want {
		t.Errorf("bar %q, want %q", out.String(), want)
	}
	out.Reset()
	if p.step(s); out.Len() > 0 {
		t.Errorf("drawn again at once: %q", out.String())
	}
	if p.printf("note\n"); out.String() != "\r\x1b[Knote\n" {
		t.Errorf("a line over the bar: %q", out.String())
	}
}

// The line fits the terminal: what matters least is left out first.
func TestBarLine(t *testing.T) {
	parts := []string{" 5/10", "  loss 0.2500", "  acc 87.50%", "  2 img/s", "  eta 4:10"}
	for columns, want := range map[int]string{
		0: "epoch  3/30", 11: "epoch  3/30", 16: "epoch  3/30 5/10", 28: "epoch  3/30 5/10",
		29: "epoch  3/30 5/10  loss 0.2500", 41: "epoch  3/30 5/10  loss 0.2500  acc 87.50%",
		60: "epoch  3/30 5/10  loss 0.2500  acc 87.50%  2 img/s  eta 4:10",
		70: "epoch  3/30 [===    ] 5/10  loss 0.2500  acc 87.50%  2 img/s  eta 4:10",
	} {
		if got := barLine(columns, "epoch  3/30", parts, 0.5); got != want {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
	for columns := range 200 {
		if n := len(barLine(columns, "epoch  3/30", parts, 0.5)); n > max(columns, len("epoch  3/30")) {
			t.Errorf("%d columns: a line of %d", columns, n)
		}
	}
}

func TestClockTime(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0:00", 59600 * time.Millisecond: "1:00", 3599 * time.Second: "59:59", 3723 * time.Second: "1:02:03",
	} {
		if got := clockTime(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
