package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"resnet/nn"
	"resnet/nn/cpu"
	"resnet/nn/device"
	"resnet/nn/models"
)

// small is a configuration that measures a small network for the shortest time.
func small() Config {
	return Config{
		Model: models.Config{Model: "fashion-resnet", Channels: 1, Height: 12, Width: 12, Classes: 3,
			Options: "base_channels=4 hidden=16"},
		Optimizer: nn.NewAdam(), Phases: []Phase{Train, Infer, Latency}, BatchSizes: []int{1, 6},
		Device:  device.Config{Device: device.CPU, Precision: "fp32"},
		Options: device.Options{CPU: cpu.Config{Threads: 1}},
	}
}

func TestRun(t *testing.T) {
	c := small()
	c.Layers = true
	r, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back Report
	d := json.NewDecoder(&b)
	d.DisallowUnknownFields()
	if err := d.Decode(&back); err != nil {
		t.Fatal(err)
	}
	m := back.Machine
	if m.PeakGFLOPS <= 0 || m.Threads != 1 || m.Cores < 1 || m.ISA == "" || m.OS == "" || m.Arch == "" || m.Go == "" ||
		m.Version == "" || m.CPU == "" || m.Device != "cpu" {
		t.Errorf("machine %+v, want every field set", m)
	}
	if len(back.Results) != 5 || back.Results[4].Phase != Latency || back.Results[4].BatchSize != 1 {
		t.Fatalf("%d results, want two phases at two batch sizes and the latency of one image", len(back.Results))
	}
	for _, s := range back.Results {
		if s.N < minWindows || s.Window != 1 ||
			len(s.WindowsMs) != min(s.N, maxGroups) && len(s.WindowsMs) < maxGroups/2 ||
			s.GPU != nil || s.GFLOPS <= 0 || s.PeakShare <= 0 ||
			!(0 < s.ImagesPerSecondP5 && s.ImagesPerSecondP5 <= s.ImagesPerSecond &&
				s.ImagesPerSecond <= s.ImagesPerSecondP95) ||
			!(0 < s.MsPerStepP5 && s.MsPerStepP5 <= s.MsPerStep && s.MsPerStep <= s.MsPerStepP95) {
			t.Errorf("%s, batch size %d: %+v, want positive numbers in order", s.Phase, s.BatchSize, s)
		}
		checkLayers(t, c, s)
	}
}

// checkLayers wants all layers, whose shares add up to 1 and whose arithmetic to that of the network.
func checkLayers(t *testing.T, c Config, s Result) {
	g, err := models.Build(c.Model)
	if err != nil {
		t.Fatal(err)
	}
	want, wantPhases := CostOf(g).Forward, map[string]bool{"forward": true}
	if s.Phase == Train {
		want, wantPhases = CostOf(g).Train, map[string]bool{"forward": true, "backward": true, "update": true}
	}
	share, mflop, phases, shared := 0.0, 0.0, map[string]bool{}, 0
	for _, l := range s.Layers {
		share += l.Share
		mflop += l.MFLOP
		phases[l.Phase] = true
		if l.Shared {
			shared++
		}
		if l.Shared != (l.Ms == 0) {
			t.Errorf("%s, batch size %d: %+v, want a time for every op except shared ones", s.Phase, s.BatchSize, l)
		}
		// Adding gradients that share memory moves nothing, and the bytes of the preparation of a fused step are not
		// counted.
		free := l.Kind == "add" && l.Phase == "backward" || l.Node == "preparation"
		if l.MB <= 0 && !free || l.GBS < 0 || (l.CopyShare > 0) != (s.GPU != nil && l.MB > 0 && !l.Shared) {
			t.Errorf("%s, batch size %d: %+v, want bytes, and on a GPU a share of its bandwidth", s.Phase, s.BatchSize,
				l)
		}
	}
	if (shared > 0) != (s.GPU != nil && s.GPU.Fused) {
		t.Errorf("%s, batch size %d: %d ops share kernels, want some if and only if the step is fused: %+v", s.Phase,
			s.BatchSize, shared, s.GPU)
	}
	// Sums of a hundred rounded terms are exact to 1e-9.
	if math.Abs(share-1) > 1e-9 || math.Abs(mflop*1e6/(float64(want)*float64(s.BatchSize))-1) > 1e-9 ||
		len(phases) != len(wantPhases) {
		t.Errorf("%s, batch size %d: layers with a share of %v, %v MFLOP in phases %v, want 1, %v, %v",
			s.Phase, s.BatchSize, share, mflop, phases, float64(want)*float64(s.BatchSize)/1e6, wantPhases)
	}
}

func TestQuantiles(t *testing.T) {
	x := make([]float64, 100) // 100, 99, ... 1
	for i := range x {
		x[i] = float64(100 - i)
	}
	if q := quantiles(x, 0.05, 0.5, 0.95); q[0] != 5 || q[1] != 50 || q[2] != 95 {
		t.Errorf("quantiles of 1 to 100: %v, want 5, 50, 95", q)
	}
	if x[0] != 100 {
		t.Error("the samples were sorted in place")
	}
	if q := quantiles([]float64{3}, 0.05, 0.5, 0.95); q[0] != 3 || q[1] != 3 || q[2] != 3 {
		t.Errorf("quantiles of one sample: %v, want it", q)
	}
}

func TestNewResult(t *testing.T) {
	r := &Report{Machine: Machine{PeakGFLOPS: 100}, Cost: Cost{Forward: 1e8, Train: 3e8}}
	// Steps of 0.1 s, except two slow and two fast ones in forty.
	seconds := make([]float64, 40)
	for i := range seconds {
		seconds[i] = 0.1
	}
	seconds[0], seconds[1], seconds[2], seconds[3] = 0.2, 0.05, 0.2, 0.05
	s := newResult(Train, 10, seconds, 1, r)
	if len(s.WindowsMs) != 40 || s.WindowsMs[0] != 200 || s.WindowsMs[39] != 100 {
		t.Errorf("windows of %v ms, want 40, the first of 200 ms, the last of 100", s.WindowsMs)
	}
	// 10 images of 0.3 GFLOP in 0.1 s.
	if !near(s.ImagesPerSecond, 100) || !near(s.MsPerStep, 100) || !near(s.GFLOPS, 30) || !near(s.PeakShare, 0.3) ||
		s.N != 40 {
		t.Errorf("%+v, want 100 img/s, 100 ms, 30 GFLOP/s, a share of 0.3 of 40 steps", s)
	}
	if s.MsPerStepP5 != 1e3*0.05 || s.ImagesPerSecondP95 != 10/0.05 {
		t.Errorf("%+v, want the fast steps at P5 of the time and P95 of the speed", s)
	}
	if s = newResult(Infer, 10, seconds, 25, r); !near(s.GFLOPS, 10) || s.N != 1000 || s.Window != 25 {
		t.Errorf("inference of 0.1 GFLOP an image: %+v, want 10 GFLOP/s of 40 windows of 25 steps", s)
	}
}

// near allows for a few roundings.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Abs(b) }

// TestCost: fashion-resnet has 28.3 million multiply-adds forward and three times as many in a training step, less the
// data gradient of the stem.
func TestCost(t *testing.T) {
	g, err := models.Build(models.Config{Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10,
		Options: "base_channels=16 hidden=512"})
	if err != nil {
		t.Fatal(err)
	}
	// Convolutions and linear layers alone, from the published sizes: the stem; for each block shortcut, conv1, conv2
	// and conv3; the two linear layers.
	pixels := int64(14 * 14)
	stem := pixels * 9 * 16
	macs := stem + 3136*512 + 512*10
	for _, b := range [][2]int64{{16, 16}, {16, 32}, {32, 32}, {32, 64}} {
		in, out := b[0], b[1]
		macs += pixels * (in*out + in*out + 9*out*2*out + 2*out*out)
	}
	var forward, backward int64
	for i, n := range g.Nodes {
		switch n.Op.(type) {
		case nn.Conv, nn.Linear:
			forward += nn.InstructionFLOPs(g, nn.Instruction{Node: i, Phase: nn.Forward})
			backward += nn.InstructionFLOPs(g, nn.Instruction{Node: i, Phase: nn.Backward})
		}
	}
	if forward != 2*macs || backward != 2*(2*macs-stem) {
		t.Errorf("products of %d forward and %d backward, want %d and %d", forward, backward, 2*macs, 2*(2*macs-stem))
	}
	// Everything else is a few operations per activation, less than a hundredth.
	c := CostOf(g)
	if extra := c.Forward - forward; extra <= 0 || extra > forward/100 || c.Train <= forward+backward ||
		c.Train > (forward+backward)*101/100 {
		t.Errorf("cost %+v, want up to a hundredth above %d and %d", c, forward, forward+backward)
	}
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`bench: phase "test", want`: func(c *Config) { c.Phases = []Phase{"test"} },
		"bench: 0 phases":           func(c *Config) { c.Phases = nil },
		"bench: batch size 0, want": func(c *Config) { c.BatchSizes = []int{32, 0} },
		"and 0 batch sizes, want":   func(c *Config) { c.BatchSizes = nil },
		"bench: NaN seconds, want":  func(c *Config) { c.Seconds = math.NaN() },
		"bench: count -1, want":     func(c *Config) { c.Count = -1 },
		`device "tpu", want`:        func(c *Config) { c.Device.Device = "tpu" },
		"check with device cpu":     func(c *Config) { c.Options.Check = true },
	} {
		c := small()
		change(&c)
		if _, err := Run(context.Background(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, small()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}
