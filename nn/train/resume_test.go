package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resnet/nn"
	"resnet/nn/safetensors"
	"resnet/nn/train/checkpoint"
)

// outcome is everything that a finished run leaves, except times.
type outcome struct {
	best, last []byte
	digest     string // of the checkpoint's tensors and state
	csv        string
}

func outcomeOf(t *testing.T, dir string) outcome {
	t.Helper()
	read := func(path string) []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	d := checkpoint.Dir(dir)
	s, _, f, err := readCheckpoint(d.Checkpoint())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tensors, err := f.All()
	if err != nil {
		t.Fatal(err)
	}
	s.Config = nil
	for i := range s.Rows {
		s.Rows[i].Seconds, s.Rows[i].ImagesPerSecond = 0, 0
	}
	var csv []string
	for line := range strings.Lines(string(read(d.Results()))) {
		cells := strings.Split(line, ",")
		csv = append(csv, strings.Join(cells[:7], ","))
	}
	js, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return outcome{read(d.Best()), read(d.Last()), safetensors.Digest(tensors, string(js)), strings.Join(csv, "\n")}
}

func (o outcome) compare(t *testing.T, want outcome) {
	t.Helper()
	if !bytes.Equal(o.best, want.best) {
		t.Error("best.safetensors differs")
	}
	if !bytes.Equal(o.last, want.last) {
		t.Error("last.safetensors differs")
	}
	if o.digest != want.digest {
		t.Error("the last checkpoint differs")
	}
	if o.csv != want.csv {
		t.Errorf("results.csv:\n%s\nwant\n%s", o.csv, want.csv)
	}
}

// recipes are the settings with which runs are stopped and resumed.
func recipes(t *testing.T) map[string]func(*Config) {
	return map[string]func(*Config){
		"adam": func(c *Config) {},
		"sgd, cosine": func(c *Config) {
			c.SetOptimizer("sgd")
			c.Sched, c.Warmup, c.Smoothing = SchedCosine, 1, 0.1
		},
		"adamw, onecycle": func(c *Config) { c.SetOptimizer("adamw"); c.Sched = SchedOneCycle },
		"step, held out":  func(c *Config) { c.Sched, c.StepSize, c.Val = SchedStep, 1, "11" },
		"no validation":   func(c *Config) { c.Val, c.Shuffle = ValNone, false },
	}
}

// whole trains without a stop, in another directory.
func whole(t *testing.T, c Config, o Options) outcome {
	t.Helper()
	c.Output = filepath.Join(t.TempDir(), "whole")
	return outcomeOf(t, mustRun(t, c, o).Dir)
}

// devices are fakes of both kinds.
var devices = map[string]func(before func(nn.Mode, int)) nn.Backend{
	"cpu": func(before func(nn.Mode, int)) nn.Backend { return &fake{before: before} },
	"gpu": func(before func(nn.Mode, int)) nn.Backend {
		return &fakeGPU{fake: fake{before: before}, room: 60, most: 4}
	},
}

// eachRecipe runs a test for every recipe on every device.
func eachRecipe(t *testing.T,
	test func(t *testing.T, change func(*Config), device func(func(nn.Mode, int)) nn.Backend)) {
	for name, change := range recipes(t) {
		for kind, device := range devices {
			t.Run(name+" on "+kind, func(t *testing.T) { test(t, change, device) })
		}
	}
}

// TestInterruptedRunEqualsWholeRun: a run that is interrupted many times, between any two steps and during validation,
// ends as if it had never stopped.
func TestInterruptedRunEqualsWholeRun(t *testing.T) {
	eachRecipe(t, func(t *testing.T, change func(*Config), device func(func(nn.Mode, int)) nn.Backend) {
		for seed := range uint64(2) {
			c, o := small(t)
			change(&c)
			want := whole(t, c, o)
			rng := rand.New(rand.NewPCG(seed, 1))
			for first, stops := true, 0; ; first = false {
				ctx, cancel := context.WithCancel(context.Background())
				left := 1 + rng.IntN(15)
				o.Backend = device(func(nn.Mode, int) {
					if left--; left == 0 {
						cancel()
					}
				})
				var err error
				if first {
					_, err = Run(ctx, c, o)
				} else {
					_, err = Resume(ctx, c.Output, o)
				}
				cancel()
				if err == nil {
					if stops < 2 {
						t.Errorf("only %d stops", stops)
					}
					break
				}
				if stops++; !errors.Is(err, ErrInterrupted) || stops > 100 {
					t.Fatal(err)
				}
			}
			outcomeOf(t, c.Output).compare(t, want)
		}
	})
}

// TestCrashedRunEqualsWholeRun: a crash loses what came after the last checkpoint and nothing else. Here a hook fails,
// so that the run ends at once without writing anything more, and a stale temporary file is left.
func TestCrashedRunEqualsWholeRun(t *testing.T) {
	crash := errors.New("crash")
	eachRecipe(t, func(t *testing.T, change func(*Config), device func(func(nn.Mode, int)) nn.Backend) {
		rng := rand.New(rand.NewPCG(7, 1))
		c, o := small(t)
		change(&c)
		c.CheckpointSteps = 3
		want := whole(t, c, o)
		var err error
		for first, crashes := true, 0; first || err != nil; first = false {
			if crashes > 100 {
				t.Fatal("no progress")
			}
			left, at := 4+rng.IntN(12), rng.IntN(3)
			count := func() error {
				if left--; left <= 0 {
					crashes++
					return crash
				}
				return nil
			}
			o.Hooks, o.Backend = Hooks{}, device(nil)
			switch at {
			case 0:
				o.Hooks.Step = func(*StepInfo) error { return count() }
			case 1: // after an epoch's steps, before its weights
				o.Hooks.Epoch = func(*EpochInfo) error { left -= 5; return count() }
			case 2:
				o.Hooks.Checkpoint = func(*CheckpointInfo) error { return count() }
			}
			if first {
				_, err = Run(context.Background(), c, o)
			} else {
				_, err = Resume(context.Background(), c.Output, o)
			}
			if err != nil && !errors.Is(err, crash) {
				t.Fatal(err)
			}
			stale := filepath.Join(c.Output, "weights", ".tmp-"+"best.safetensors-1")
			if err != nil {
				err = errors.Join(err, os.WriteFile(stale, []byte("half"), 0o644))
			} else if exists(stale) {
				t.Error("a stale temporary file is still there")
			}
		}
		outcomeOf(t, c.Output).compare(t, want)
	})
}

// TestResumeForMoreEpochs: a finished run is not trained again; with more epochs it continues as if it had been started
// with them.
func TestResumeForMoreEpochs(t *testing.T) {
	c, o := small(t)
	c.Epochs = 5
	want := whole(t, c, o)
	c.Epochs = 2
	first := mustRun(t, c, o)
	var steps int
	o.Hooks.Step = func(*StepInfo) error { steps++; return nil }
	again, err := Resume(context.Background(), c.Output, o)
	if err != nil || steps != 0 || !slices.Equal(again.Rows, first.Rows) && len(again.Rows) != 2 {
		t.Fatalf("a finished run resumed: %v, %d steps", err, steps)
	}
	o.Override = func(c *Config) { c.Epochs = 5 }
	if _, err := Resume(context.Background(), c.Output, o); err != nil || steps != 3*10 {
		t.Fatalf("%v, %d steps, want 30", err, steps)
	}
	outcomeOf(t, c.Output).compare(t, want)
}

func TestResumeRefuses(t *testing.T) {
	c, o := small(t)
	c.Sched = SchedCosine
	mustRun(t, c, o)
	other := *o.Source
	other.Checksum = "fedcba9876543210"
	five := *o.Source
	five.ClassNames = []string{"a", "b", "c", "d", "e"}
	override := func(change func(*Config)) func(*Options) { return func(o *Options) { o.Override = change } }
	for want, change := range map[string]func(*Options){
		"batch_size is 6, but the run began with 5": override(func(c *Config) { c.BatchSize = 6 }),
		`opt is "adamw", but the run began with "adam"`: override(func(c *Config) {
			c.SetOptimizer("adamw")
			c.WeightDecay = 0
		}),
		"hidden is 0, but the run began with 2": override(func(c *Config) {
			c.Options = c.Options.With("hidden", 0)
		}),
		"epochs is 9, but the run began with 3 and its schedule":  override(func(c *Config) { c.Epochs = 9 }),
		"checksum fedcba987654…, but the run began on 0123456789": func(o *Options) { o.Source = &other },
		"Classes:5":                 func(o *Options) { o.Source = &five },
		"threads -1, want at least": override(func(c *Config) { c.Threads = -1 }),
	} {
		opts := o
		change(&opts)
		if _, err := Resume(context.Background(), c.Output, opts); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	o.Override = func(c *Config) { c.Threads, c.CheckpointSteps = 2, 7 }
	if _, err := Resume(context.Background(), c.Output, o); err != nil {
		t.Errorf("threads and checkpoint steps changed: %v", err)
	}
	if _, err := Resume(context.Background(), t.TempDir(), o); err == nil ||
		!strings.Contains(err.Error(), "no such file (not a run directory?)") {
		t.Errorf("an empty directory: %v", err)
	}
	if _, err := Run(context.Background(), c, o); err == nil || !strings.Contains(err.Error(), "already holds a run") {
		t.Errorf("a new run into an old directory: %v", err)
	}
}
