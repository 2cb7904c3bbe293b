package train

import (
	"fmt"
	"io"
	"strings"
	"time"

	"resnet/data/terminal"
)

// Progress reports a run to w: a line for every epoch, and in between a progress bar as wide as the terminal allows,
// or, if w is not a live terminal, a line every ten seconds. With color the best epochs are green. That w cannot be
// written to is no error. If w is a terminal.Screen the bar makes room for what others write to it.
func Progress(w io.Writer, live, color bool) Hooks {
	p := newProgress(w, live, color)
	return Hooks{Start: p.start, Step: p.step, Epoch: p.epoch, End: p.end}
}

func newProgress(w io.Writer, live, color bool) *progress {
	return &progress{screen: screenOn(w, live), color: color}
}

// screenOn returns w if that is a screen, or one that writes to it.
func screenOn(w io.Writer, live bool) *terminal.Screen {
	if s, ok := w.(*terminal.Screen); ok {
		return s
	}
	return terminal.NewScreen(w, live)
}

const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 10 * time.Second
)

type progress struct {
	screen *terminal.Screen
	color  bool
	last   time.Time
	train  int // number of training images
}

func (p *progress) start(s *StartInfo) error {
	c := s.Config
	var all, statistics int
	for _, v := range s.Graph.Parameters() {
		all += s.Graph.Type(v).Shape.Elems()
		if !s.Graph.Param(v).Trainable {
			statistics += s.Graph.Type(v).Shape.Elems()
		}
	}
	m := s.Model
	p.printf("model: %s, %dx%dx%d, %d classes, %d parameters (%d running statistics)\n",
		m.Model, m.Channels, m.Height, m.Width, m.Classes, all, statistics)
	p.printf("data: %s, %d training images, %s\n", terminal.Printable(s.Dataset), s.TrainImages,
		validationNote(c, s.ValImages))
	p.printf("training: %s, batch %d, %d steps an epoch, %d epochs, %s, lr %g %s\n",
		s.Backend, c.BatchSize, s.Steps, c.Epochs, c.Optimizer, c.LR, c.Sched)
	p.printf("output: %s\n", terminal.Printable(s.Dir))
	if s.Resumed {
		p.printf("resumed after %d epochs and %d steps\n", s.Epoch, s.Step)
	}
	p.last, p.train = time.Now(), s.TrainImages
	return nil
}

func validationNote(c *Config, n int) string {
	switch c.Val {
	case ValTest:
		return fmt.Sprintf("validation on the test split (%d images): its best accuracy is chosen by looking at it", n)
	case ValSplit:
		return fmt.Sprintf("validation on the data set's own split (%d images), the test split once at the end", n)
	case ValNone:
		return "no validation: the last epoch counts as the best"
	}
	return fmt.Sprintf("validation on %d held-out training images, the test split once at the end", n)
}

func (p *progress) step(s *StepInfo) error {
	live, every := p.screen.Live(), lineEvery
	if live {
		every = barEvery
	}
	now := time.Now()
	if now.Sub(p.last) < every && !(live && s.Step == s.Steps) {
		return nil
	}
	p.last = now
	left := time.Duration(float64(p.train-s.Images) / s.ImagesPerSecond * float64(time.Second))
	head := fmt.Sprintf("epoch %*d/%d", digits(s.Epochs), s.Epoch, s.Epochs)
	parts := []string{ // the most important first
		fmt.Sprintf(" %d/%d", s.Step, s.Steps), fmt.Sprintf("  loss %.4f", s.Train.Loss),
		fmt.Sprintf("  acc %.2f%%", 100*s.Train.Accuracy), fmt.Sprintf("  %.0f img/s", s.ImagesPerSecond),
		"  eta " + clockTime(left),
	}
	if live {
		share := float64(s.Step) / float64(s.Steps)
		p.screen.Draw(func(columns int) string { return barLine(columns, head, parts, share) })
		return nil
	}
	p.printf("%s  step%s\n", head, strings.Join(parts, ""))
	return nil
}

// barLine is as many of the parts, from the first on, as there is room for, and a bar before them if all of them fit.
func barLine(columns int, head string, parts []string, done float64) string {
	tail := ""
	for _, part := range parts {
		if len(head)+len(tail)+len(part) > columns {
			return head + tail
		}
		tail += part
	}
	return head + bar(columns-len(head)-len(tail), done) + tail
}

func (p *progress) epoch(e *EpochInfo) error {
	line := fmt.Sprintf("epoch %*d/%d  loss %.4f  acc %.2f%%", digits(e.Epochs), e.Epoch, e.Epochs, e.Train.Loss,
		100*e.Train.Accuracy)
	if e.Val != nil {
		line += fmt.Sprintf("  val_loss %.4f  val_acc %.2f%%", e.Val.Loss, 100*e.Val.Accuracy)
	}
	line += fmt.Sprintf("  lr %.3g  %.1f s  %.0f img/s", e.LR, e.Seconds, e.ImagesPerSecond)
	if e.Val != nil && e.IsBest {
		line += "  " + p.green("best")
	}
	p.printf("%s\n", line)
	p.last = time.Now()
	return nil
}

func (p *progress) end(r *Result) error {
	if r.Best == nil {
		return nil
	}
	best := fmt.Sprintf("epoch %d", r.Best.Epoch)
	if r.Best.Val != nil {
		best += fmt.Sprintf(" with val_acc %.2f%%", 100*r.Best.Val.Accuracy)
	}
	if r.Test != nil {
		best += fmt.Sprintf(", test accuracy %.2f%%", 100*r.Test.Accuracy)
	}
	p.printf("best: %s, %s\n", best, terminal.Printable(r.BestWeights))
	return nil
}

func (p *progress) green(s string) string {
	if !p.color {
		return s
	}
	return "\x1b[32m" + s + "\x1b[0m"
}

// printf writes whole lines. Where that fails the run goes on without them.
func (p *progress) printf(format string, args ...any) { fmt.Fprintf(p.screen, format, args...) }

// bar is a bar in brackets of at most n characters in all; it is empty if n is too small.
func bar(n int, done float64) string {
	const least, most = 10, 40
	if n < least {
		return ""
	}
	n = min(n, most) - len(" []")
	full := int(done * float64(n))
	return " [" + strings.Repeat("=", full) + strings.Repeat(" ", n-full) + "]"
}

func digits(n int) int { return len(fmt.Sprint(n)) }

// clockTime is m:ss, or h:mm:ss.
func clockTime(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
