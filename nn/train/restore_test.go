package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resnet/data/atomicfile"
	"resnet/nn"
	"resnet/nn/safetensors"
	"resnet/nn/train/checkpoint"
	"resnet/nn/weights"
)

// stopped is a run that was interrupted after some steps, 4 to an epoch, and whose best epoch is the first.
func stopped(t *testing.T, steps int64) (Config, Options) {
	c, o := shortRun(t)
	c.Epochs, c.CheckpointSteps = 3, 0
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	fewer := stepsOfEpochs(o)
	o.Hooks.Step = func(s *StepInfo) error {
		if s.GlobalStep == steps {
			cancel()
		}
		return fewer(s)
	}
	if _, err := Run(ctx, c, o); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	return c, o
}

// TestLostWeights: weights that somebody removed are written again where the checkpoint has them. If it does not have
// those of the best epoch, that is said and the best is chosen anew; what Result names is there in any case.
func TestLostWeights(t *testing.T) {
	for _, c := range []struct {
		steps  int64
		remove string
		says   string
		best   int
	}{
		{6, "best.safetensors", "the weights of epoch 1 are gone; the best is chosen anew from epoch 2 on", 2},
		{6, "last.safetensors", "", 1},
		{10, "best.safetensors", "the weights of epoch 1 are gone; the best is chosen anew from epoch 3 on", 3},
		{10, "last.safetensors", "", 1},
	} {
		t.Run(fmt.Sprint(c.steps, c.remove), func(t *testing.T) {
			cfg, o := stopped(t, c.steps)
			if err := os.Remove(filepath.Join(cfg.Output, "weights", c.remove)); err != nil {
				t.Fatal(err)
			}
			o.Hooks.Step = stepsOfEpochs(o)
			var said bytes.Buffer
			o.Stderr = &said
			r, err := Resume(context.Background(), cfg.Output, o)
			if err != nil || r.Best.Epoch != c.best {
				t.Fatalf("best %+v, %v, want epoch %d", r, err, c.best)
			}
			if got := said.String(); !strings.Contains(got, c.says) || strings.Contains(got, "gone") != (c.says != "") {
				t.Errorf("said %q, want %q", got, c.says)
			}
			for path, epoch := range map[string]int{r.BestWeights: c.best, r.LastWeights: 3} {
				if m, err := weights.ReadMetadata(path); err != nil || m.Epoch != epoch {
					t.Errorf("%s: epoch %d, %v, want %d", path, m.Epoch, err, epoch)
				}
			}
		})
	}
}

// stepsOfEpochs makes each epoch get fewer images right than the one before: the fake predicts the first pixel.
func stepsOfEpochs(o Options) func(*StepInfo) error {
	test := o.Source.Test
	return func(s *StepInfo) error {
		for i := range test.Labels {
			test.Labels[i] = int32(test.Image(i)[0] % 3)
			if i < s.Epoch-1 {
				test.Labels[i] = (test.Labels[i] + 1) % 3
			}
		}
		return nil
	}
}

// TestLostWeightsOfAFinishedRun: the last epoch takes the place of a best one that is lost.
func TestLostWeightsOfAFinishedRun(t *testing.T) {
	c, o := shortRun(t)
	o.Hooks.Step = stepsOfEpochs(o)
	first := mustRun(t, c, o)
	last, err := os.ReadFile(first.LastWeights)
	if err != nil || first.Best.Epoch != 1 {
		t.Fatal(err, first.Best)
	}
	if err := os.RemoveAll(filepath.Dir(first.BestWeights)); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	o.Stderr = &said
	r, err := Resume(context.Background(), c.Output, o)
	if err != nil || r.Best.Epoch != 2 || !strings.Contains(said.String(), "epoch 2 counts as the best") {
		t.Fatalf("best %+v, %v, said %q", r.Best, err, &said)
	}
	for _, path := range []string{r.BestWeights, r.LastWeights} {
		if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, last) {
			t.Errorf("%s: %v, want the weights of the last epoch", path, err)
		}
	}
}

// noLocks is a file system without locks.
type noLocks struct{ atomicfile.FS }

func (noLocks) Lock(string) (io.Closer, error) { return nil, errors.ErrUnsupported }

func TestWithoutLocks(t *testing.T) {
	c, o := shortRun(t)
	var said bytes.Buffer
	o.Stderr, o.FS = &said, noLocks{atomicfile.OS}
	mustRun(t, c, o)
	if n := strings.Count(said.String(), "has no locks"); n != 1 {
		t.Errorf("said %q, want one note that the file system has no locks", &said)
	}
}

// TestInUse: a run says that it is in use while it trains, and no longer.
func TestInUse(t *testing.T) {
	c, o := shortRun(t)
	o.Hooks.Step = func(*StepInfo) error {
		if pid, inUse := InUse(c.Output); !inUse || pid != os.Getpid() {
			t.Errorf("in use %v by %d, want by this process", inUse, pid)
		}
		for what, err := range map[string]error{
			"a second run": second(Run(context.Background(), c,
				Options{Backend: &fake{}, Source: o.Source, Force: true})),
			"a resume": second(Resume(context.Background(), c.Output, Options{Backend: &fake{}, Source: o.Source})),
		} {
			want := fmt.Sprintf("train: %s: in use by process %d (wait for it, or choose another output)", c.Output,
				os.Getpid())
			if err == nil || err.Error() != want {
				t.Errorf("%s: error %v, want %s", what, err, want)
			}
		}
		o.Hooks.Step = nil
		return errors.New("enough")
	}
	if _, err := Run(context.Background(), c, o); err == nil || err.Error() != "enough" {
		t.Fatal(err)
	}
	if pid, inUse := InUse(c.Output); inUse {
		t.Errorf("in use by %d after its end", pid)
	}
}

func second(_ *Result, err error) error { return err }

// TestNewerCheckpointIsNotTakenForDamage: what another version wrote is refused, although the one before it is whole.
func TestNewerCheckpointIsNotTakenForDamage(t *testing.T) {
	c, o := shortRun(t)
	mustRun(t, c, o)
	d := checkpoint.Dir(c.Output)
	s, f, err := checkpoint.Read(d.Checkpoint())
	if err != nil {
		t.Fatal(err)
	}
	tensors, err := f.All()
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	s.Version++
	if err := checkpoint.Write(atomicfile.OS, d.Checkpoint(), s, tensors); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(context.Background(), c.Output, o); !errors.Is(err, checkpoint.ErrVersion) {
		t.Errorf("error %v, want that another version wrote it", err)
	}
}

// TestLenient: hooks that must not end a run warn of the same error once, also from the goroutine that has the weights.
func TestLenient(t *testing.T) {
	for kind, device := range devices {
		t.Run(kind, func(t *testing.T) {
			c, o := shortRun(t)
			o.Backend = device(func(nn.Mode, int) {})
			disk, weight := errors.New("disk"), errors.New("weights")
			var warned []string
			o.Hooks = Lenient(Hooks{
				Step: func(*StepInfo) error { return disk },
				Epoch: func(e *EpochInfo) error {
					e.OnWeights(func([]safetensors.Tensor) error { return weight })
					return disk
				},
				Checkpoint: func(*CheckpointInfo) error { return disk },
				End:        func(*Result) error { return disk },
			}, func(err error) { warned = append(warned, err.Error()) })
			mustRun(t, c, o)
			if got := strings.Join(warned, " "); got != "disk weights" {
				t.Errorf("warned of %q, want disk and weights once", got)
			}
		})
	}
	c, o := shortRun(t)
	calls := 0
	o.Hooks = Lenient(Hooks{
		Start: func(*StartInfo) error { return errors.New("start") },
		Epoch: func(*EpochInfo) error { calls++; return nil },
	}, func(error) { calls++ })
	mustRun(t, c, o)
	if calls != 1 {
		t.Errorf("%d calls after Start has failed, want the warning alone", calls)
	}
}
