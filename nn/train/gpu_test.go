package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"resnet/nn/device"
	"resnet/nn/train/checkpoint"
)

// TestResidentImagesAreTheSame: resident data sets, batches that are copied for each step, and some of each train the
// same weights, augmented or not.
func TestResidentImagesAreTheSame(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"as they are": func(*Config) {},
		"held out":    func(c *Config) { c.Val = "11" },
		"augmented":   func(c *Config) { c.HFlip, c.CropPadding = 0.5, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			c, o := small(t)
			change(&c)
			want := whole(t, c, o)
			for _, gpu := range []*fakeGPU{{room: 60}, {room: 47}, {room: 13}, {}, {room: 60, most: 1},
				{room: 47, most: 3}, {room: 47, most: 20}, {most: 3}} {
				o.Backend = gpu
				whole(t, c, o).compare(t, want)
			}
		})
	}
}

func TestAugmentationChangesTheImages(t *testing.T) {
	c, o := small(t)
	plain := whole(t, c, o)
	c.HFlip = 0.5
	flipped := whole(t, c, o)
	c.HFlip, c.CropPadding = 0, 1
	moved := whole(t, c, o)
	if bytes.Equal(plain.last, flipped.last) || bytes.Equal(plain.last, moved.last) ||
		bytes.Equal(flipped.last, moved.last) {
		t.Error("flips or shifts do not change the weights")
	}
}

// interrupted starts a run and stops it after a step.
func interrupted(t *testing.T, c Config, o Options, step int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	o.Hooks.Step = func(s *StepInfo) error {
		if s.GlobalStep == step {
			cancel()
		}
		return nil
	}
	if _, err := Run(ctx, c, o); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
}

// TestDeviceStateIsResumed: the state of a device is part of a checkpoint, and is restored if the precision is the
// same.
func TestDeviceStateIsResumed(t *testing.T) {
	c, o := small(t)
	c.HFlip, c.CropPadding = 0.5, 1
	c.Device, c.Precision = "cuda:0", "fp16"
	gpu := &fakeGPU{room: 60, scale: true, most: 4}
	o.Backend = gpu
	want := whole(t, c, o)
	interrupted(t, c, o, 17)
	if _, err := Resume(context.Background(), c.Output, o); err != nil || gpu.restored != 1 {
		t.Fatalf("%v, %d states restored, want 1", err, gpu.restored)
	}
	outcomeOf(t, c.Output).compare(t, want)

	c.Output += "2"
	interrupted(t, c, o, 17)
	o.Override = func(c *Config) { c.Precision = "bf16" }
	if r, err := Resume(context.Background(), c.Output, o); err != nil || gpu.restored != 1 ||
		r.Config.Precision != "bf16" {
		t.Errorf("resumed in bf16: %v, %d states restored, want none more", err, gpu.restored)
	}

	c.Output += "3"
	interrupted(t, c, o, 17)
	o.Backend = &fake{}
	o.Override = func(c *Config) { c.Device, c.Precision = device.CPU, "fp32" }
	if _, err := Resume(context.Background(), c.Output, o); err != nil {
		t.Fatal(err)
	}
	s, _, f, err := readCheckpoint(checkpoint.Dir(c.Output).Checkpoint())
	if err != nil || s.Device != nil {
		t.Errorf("the checkpoint of a device without a state has one: %v, %v", s.Device, err)
	}
	f.Close()
}

// TestTheDeviceIsNotWaitedFor: training waits for the device after the first and the last step of an epoch; otherwise
// it requests metrics and polls them.
func TestTheDeviceIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const step = 40 * time.Millisecond
		c, o := small(t)
		c.Epochs, c.Val = 1, ValNone
		gpu := &fakeGPU{room: 60, step: step}
		o.Backend = gpu
		// The host takes 45 ms between two steps, so that the device keeps up with it.
		var infos []StepInfo
		o.Hooks.Step = func(s *StepInfo) error {
			infos = append(infos, *s)
			time.Sleep(45 * time.Millisecond)
			return nil
		}
		r := mustRun(t, c, o)
		// After steps 1 and 10, and of the batch that tells whether the loss is still finite; of steps 4 and 7.
		if gpu.reads != 3 || gpu.requests != 2 {
			t.Errorf("%d reads and %d requests of metrics in ten steps, want 3 and 2", gpu.reads, gpu.requests)
		}
		// 5 images in 40 ms; the 20 images of step 4, queued at 40 + 3*45 ms, are reported at step 5, 45 ms later.
		near := func(x, want float64) bool { return math.Abs(x-want) < 1e-9 }
		if !near(infos[3].ImagesPerSecond, 125) || !near(infos[4].ImagesPerSecond, 20/0.22) {
			t.Errorf("%v and %v images per second at steps 4 and 5, want 125 and %v", infos[3].ImagesPerSecond,
				infos[4].ImagesPerSecond, 20/0.22)
		}
		if infos[2].Train != infos[0].Train || infos[3].Train != infos[0].Train || infos[4].Train == infos[0].Train ||
			infos[6].Train != infos[4].Train {
			t.Errorf("metrics %v, want new ones at steps 5 and 8", infos)
		}
		// The first step; nine pauses of the host; the last step; another pause; then that batch.
		const training = 0.04 + 9*0.045 + 0.04 + 0.045
		if row := r.Rows[0]; !near(row.Seconds, training+0.04) || !near(row.ImagesPerSecond, 47/training) {
			t.Errorf("%v s, %v images per second, want %v and %v", row.Seconds, row.ImagesPerSecond, training+0.04,
				47/training)
		}
	})
}

// TestStepsOfOneCall: a call takes several steps, but never beyond an epoch or a checkpoint, and each is reported in
// order.
func TestStepsOfOneCall(t *testing.T) {
	for _, test := range []struct{ most, every, calls int }{
		{1, 0, 18}, // nine whole batches an epoch; the tenth, of two images, is not taken by RunSteps
		{4, 0, 6},  // 4, 4, 1
		{20, 0, 2}, // 9
		{4, 3, 7},  // 3, 3, 3; 2, then 3, 3, 1
		{20, 7, 4}, // 7, 2; 4, 5
	} {
		c, o := small(t)
		c.Epochs, c.CheckpointSteps = 2, test.every
		gpu := &fakeGPU{room: 60, most: test.most}
		o.Backend = gpu
		next, last := int64(1), int64(0)
		o.Hooks.Step = func(s *StepInfo) error {
			if s.GlobalStep != next || int64(s.Step) != (next-1)%10+1 || s.Images != min(5*s.Step, 47) ||
				s.LR != 0.001 {
				t.Errorf("step %+v, want step %d", *s, next)
			}
			next++
			return nil
		}
		o.Hooks.Checkpoint = func(i *CheckpointInfo) error {
			if i.Step > 0 && (int64(10*i.Epoch+i.Step) != next-1 || (next-1)%int64(test.every) != 0) {
				t.Errorf("checkpoint after step %d of epoch %d, when %d steps have been reported", i.Step, i.Epoch+1,
					next-1)
			}
			last = int64(10*i.Epoch + i.Step)
			return nil
		}
		mustRun(t, c, o)
		if next != 21 || last != 20 || gpu.calls != test.calls {
			t.Errorf("at most %d steps, checkpoints after %d: %d steps, the last checkpoint after %d, %d calls, "+
				"want 20, 20, %d", test.most, test.every, next-1, last, gpu.calls, test.calls)
		}
	}
}
