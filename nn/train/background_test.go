package train

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"resnet/nn"
	"resnet/nn/safetensors"
	"resnet/nn/train/checkpoint"
)

// TestTrainingContinuesWhileACheckpointIsWritten: on a device with snapshots the next epoch trains while the checkpoint
// of the last one is written. Nothing reports a checkpoint that is not on disk yet, and a second checkpoint waits.
func TestTrainingContinuesWhileACheckpointIsWritten(t *testing.T) {
	c, o := small(t)
	c.Epochs = 3
	reads := 0
	writing, goOn := make(chan bool), make(chan bool)
	gpu := &fakeGPU{room: 60, most: 3}
	gpu.onSnapshot = func() error {
		if reads++; reads == 2 { // the checkpoint of the first epoch, after that of the initial weights
			writing <- true
			<-goOn
		}
		return nil
	}
	o.Backend = gpu
	var checkpoints []int
	o.Hooks.Checkpoint = func(i *CheckpointInfo) error {
		checkpoints = append(checkpoints, i.Epoch)
		return nil
	}
	o.Hooks.Step = func(s *StepInfo) error {
		if s.GlobalStep == 11 {
			<-writing
		}
		if s.GlobalStep == 20 {
			close(goOn) // the next checkpoint waits for this one
		}
		if s.GlobalStep < 11 || s.GlobalStep > 19 {
			return nil
		}
		state, _, f, err := readCheckpoint(checkpoint.Dir(c.Output).Checkpoint())
		if err != nil {
			return err
		}
		defer f.Close()
		csv, err := os.ReadFile(checkpoint.Dir(c.Output).Results())
		if len(checkpoints) != 1 || state.Epoch != 0 || strings.Count(string(csv), "\n") != 1 {
			t.Errorf("step %d: %d checkpoints, the last after epoch %d, results.csv %q (%v); want none of an epoch",
				s.GlobalStep, len(checkpoints), state.Epoch, csv, err)
		}
		return nil
	}
	var digests []string
	o.Hooks.Epoch = func(e *EpochInfo) error {
		e.OnWeights(func(weights []safetensors.Tensor) error {
			digests = append(digests, safetensors.Digest(weights))
			return nil
		})
		return nil
	}
	r := mustRun(t, c, o)
	if len(checkpoints) != 4 || checkpoints[1] != 1 || checkpoints[3] != 3 {
		t.Errorf("checkpoints after %v epochs, want 0 to 3 in order", checkpoints)
	}
	f, err := safetensors.Open(r.LastWeights)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if len(digests) != 3 || digests[2] != f.Metadata["sha256"] || digests[1] == digests[2] {
		t.Errorf("weights of OnWeights %q, want three, the last %s", digests, f.Metadata["sha256"])
	}
	o.Backend, o.Hooks = &fake{}, Hooks{}
	want := whole(t, c, o)
	outcomeOf(t, r.Dir).compare(t, want)
}

// TestFailedCheckpointEndsTheRun: if a checkpoint cannot be written the run ends by the end of the next epoch, and so
// it does if values are not finite.
func TestFailedCheckpointEndsTheRun(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		epoch int // whose checkpoint fails
		gpu   *fakeGPU
		want  string
	}{
		"error during training": {1, &fakeGPU{}, "broken"},
		"error at the end":      {3, &fakeGPU{}, "broken"},
		"values": {3, &fakeGPU{fake: fake{infAt: 30}},
			"train: epoch 3, step 10: stem.weight holds NaN or infinity; last good checkpoint: "},
	} {
		t.Run(name, func(t *testing.T) {
			c, o := small(t)
			c.Val = ValNone
			test.gpu.room, test.gpu.most = 60, 3
			reads := 0
			if test.gpu.infAt == 0 {
				test.gpu.onSnapshot = func() error {
					if reads++; reads == test.epoch+1 {
						return broken
					}
					return nil
				}
			}
			o.Backend = test.gpu
			steps := int64(0)
			o.Hooks.Step = func(s *StepInfo) error { steps = s.GlobalStep; return nil }
			_, err := Run(context.Background(), c, o)
			if err == nil || !strings.Contains(err.Error(), test.want) || steps > int64(10*test.epoch+10) {
				t.Errorf("error %v after %d steps, want %q by the end of the next epoch", err, steps, test.want)
			}
			state, _, f, err := readCheckpoint(checkpoint.Dir(c.Output).Checkpoint())
			if err != nil || state.Epoch != test.epoch-1 {
				t.Fatalf("checkpoint after epoch %d, %v, want that of the previous epoch", state.Epoch, err)
			}
			f.Close()
			o.Backend, o.Hooks = &fake{}, Hooks{}
			if _, err := Resume(context.Background(), c.Output, o); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestInterruptionWhileACheckpointIsWritten: an interrupted run waits for the checkpoint that is being written and then
// writes its own.
func TestInterruptionWhileACheckpointIsWritten(t *testing.T) {
	c, o := small(t)
	want := whole(t, c, o)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	reads := 0
	gpu := &fakeGPU{room: 60, most: 3}
	gpu.onSnapshot = func() error {
		if reads++; reads == 2 {
			<-ctx.Done()
		}
		return nil
	}
	o.Backend = gpu
	o.Hooks.Step = func(s *StepInfo) error {
		if s.GlobalStep == 14 {
			cancel()
		}
		return nil
	}
	if _, err := Run(ctx, c, o); !errors.Is(err, ErrInterrupted) ||
		!strings.Contains(err.Error(), "after 1 epochs and 6 steps") {
		t.Fatal(err)
	}
	o.Hooks, o.Backend = Hooks{}, nn.Backend(&fakeGPU{room: 60, most: 3})
	if _, err := Resume(context.Background(), c.Output, o); err != nil {
		t.Fatal(err)
	}
	outcomeOf(t, c.Output).compare(t, want)
}
