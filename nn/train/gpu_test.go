package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// Images that a device keeps, images sent step by step, and some of each train
// the same weights, augmented or not.
func TestHeldImagesAreTheSame(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"as they are": func(*Config) {},
		"held out":    func(c *Config) { c.Val = "11" },
		"augmented":   func(c *Config) { c.HFlip, c.CropPadding = 0.5, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			c, o := small(t)
			change(&c)
			want := whole(t, c, o)
			for _, room := range []int{60, 47, 13, 0} {
				o.Backend = &fakeGPU{room: room}
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
	if bytes.Equal(plain.last, flipped.last) || bytes.Equal(plain.last, moved.last) || bytes.Equal(flipped.last, moved.last) {
		t.Error("flips or shifts leave the weights as they were")
	}
}

// interrupted runs until a step of the whole run and stops there.
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

// What a device keeps besides the tensors is part of a checkpoint, but only for
// the precision that it is of.
func TestDeviceStateIsResumed(t *testing.T) {
	c, o := small(t)
	c.HFlip, c.CropPadding = 0.5, 1
	c.Device, c.Precision = "cuda:0", "fp16"
	gpu := &fakeGPU{room: 60, scale: true}
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
	if r, err := Resume(context.Background(), c.Output, o); err != nil || gpu.restored != 1 || r.Config.Precision != "bf16" {
		t.Errorf("resumed in bf16: %v, %d states restored, want none more", err, gpu.restored)
	}

	c.Output += "3"
	interrupted(t, c, o, 17)
	o.Backend = &fake{}
	o.Override = func(c *Config) { c.Device, c.Precision = DeviceCPU, "fp32" }
	if _, err := Resume(context.Background(), c.Output, o); err != nil {
		t.Fatal(err)
	}
	s, f, err := readCheckpoint(runDir(c.Output).checkpoint())
	if err != nil || s.Device != nil {
		t.Errorf("a device without a state left one in its checkpoint: %v, %v", s.Device, err)
	}
	f.Close()
}

// Each look waits for the device, so there are few; what is said of speed and
// time is of finished steps all the same.
func TestLooksAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const step = 40 * time.Millisecond
		c, o := small(t)
		c.Epochs, c.Val = 1, ValNone
		gpu := &fakeGPU{room: 60, step: step}
		o.Backend = gpu
		// The host takes 30 ms between two steps, so that 100 ms have passed at every fourth.
		var speeds []float64
		o.Hooks.Step = func(s *StepInfo) error {
			speeds = append(speeds, s.ImagesPerSecond)
			time.Sleep(30 * time.Millisecond)
			return nil
		}
		r := mustRun(t, c, o)
		if gpu.looks != 4 { // after steps 1, 5, 9 and the last, 10
			t.Errorf("%d looks at ten steps, want 4", gpu.looks)
		}
		// 5 images in 40 ms; then another 20 in 4 x 30 ms of the host and 4 x 40 of the device, which waits for the look.
		if speeds[0] != 125 || math.Abs(speeds[8]-45/(0.04+2*0.28)) > 1e-9 {
			t.Errorf("%v images per second, want 125 first and 75 after nine steps", speeds)
		}
		// The host's ten rests and the device's ten steps.
		if row := r.Rows[0]; math.Abs(row.Seconds-0.7) > 1e-9 || math.Abs(row.ImagesPerSecond-47/0.7) > 1e-9 {
			t.Errorf("%v s, %v images per second, want 0.7 and %v", row.Seconds, row.ImagesPerSecond, 47/0.7)
		}
	})
}
