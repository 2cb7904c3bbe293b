package train

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"resnet/nn"
	"resnet/nn/device"
)

func TestDefaultsAreValid(t *testing.T) {
	c := Defaults()
	for _, opt := range nn.OptimizerNames() {
		c.SetOptimizer(opt)
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", opt, err)
		}
	}
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"epochs 0, want":                     func(c *Config) { c.Epochs = 0 },
		"batch size 0, want 1 to":            func(c *Config) { c.BatchSize = 0 },
		"batch size 2000000, want":           func(c *Config) { c.BatchSize = 2000000 },
		`optimizer "none", want adam`:        func(c *Config) { c.Optimizer = "none" },
		"learning rate 0, want":              func(c *Config) { c.LR = 0 },
		"learning rate NaN":                  func(c *Config) { c.LR = math.NaN() },
		"learning rate +Inf":                 func(c *Config) { c.LR = math.Inf(1) },
		"momentum 1, want":                   func(c *Config) { c.SetOptimizer("sgd"); c.Momentum = 1 },
		"momentum 0.9 with optimizer adam":   func(c *Config) { c.Momentum = 0.9 },
		"nesterov without momentum":          func(c *Config) { c.SetOptimizer("sgd"); c.Momentum = 0 },
		"weight decay -1, want":              func(c *Config) { c.SetOptimizer("sgd"); c.WeightDecay = -1 },
		"weight decay 0.1 with optimizer":    func(c *Config) { c.WeightDecay = 0.1 },
		"label smoothing 1, want":            func(c *Config) { c.Smoothing = 1 },
		"classes 1, want 2 to 1048576":       func(c *Config) { c.Classes = 1 },
		"threads -1, want":                   func(c *Config) { c.Threads = -1 },
		`val "half", want test, none`:        func(c *Config) { c.Val = "half" },
		`val "0", want`:                      func(c *Config) { c.Val = "0" },
		`val "0%", want`:                     func(c *Config) { c.Val = "0%" },
		`val "100%", want`:                   func(c *Config) { c.Val = "100%" },
		`val "NaN%", want`:                   func(c *Config) { c.Val = "NaN%" },
		`on bad image "", want error`:        func(c *Config) { c.OnBadImage = "" },
		"checkpoint seconds -1":              func(c *Config) { c.CheckpointSeconds = -1 },
		"checkpoint steps -1":                func(c *Config) { c.CheckpointSteps = -1 },
		`schedule "poly", want constant`:     func(c *Config) { c.Sched = "poly" },
		"warm-up of 30 epochs, want 0 to 29": func(c *Config) { c.Warmup = 30 },
		"step size of 0 epochs":              func(c *Config) { c.Sched, c.StepSize = SchedStep, 0 },
		"gamma 2, want":                      func(c *Config) { c.Sched, c.Gamma = SchedStep, 2 },
		"lowest learning rate 1, want":       func(c *Config) { c.Sched, c.MinLR = SchedCosine, 1 },
		"start fraction 2, want":             func(c *Config) { c.Sched, c.PctStart = SchedOneCycle, 2 },
		"hflip 2, want":                      func(c *Config) { c.HFlip = 2 },
		"crop padding of 128 pixels":         func(c *Config) { c.CropPadding = 128 },
		"precision bf16 with device cpu":     func(c *Config) { c.Device, c.Precision = device.CPU, "bf16" },
		"division factors 0 and 10000":       func(c *Config) { c.Sched, c.DivFactor = SchedOneCycle, 0 },
	} {
		c := Defaults()
		change(&c)
		err := c.Validate()
		if err == nil || !strings.HasPrefix(err.Error(), "train: ") || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestConfigReadsBack(t *testing.T) {
	c := Defaults()
	c.SetOptimizer("sgd")
	c.Options, c.Momentum, c.Nesterov, c.Shuffle, c.Sched, c.Seed = c.Options.With("hidden", 0), 0, false, false,
		SchedCosine, math.MaxUint64
	c.Device, c.Precision, c.Deterministic, c.HFlip, c.CropPadding = "cuda:1", "bf16", true, 0.5, 4
	js, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parseConfig(js); err != nil || got != c {
		t.Errorf("read %+v, %v, want %+v", got, err, c)
	}
}

func TestConfigInPart(t *testing.T) {
	c, err := parseConfig([]byte(`{"opt": "sgd", "epochs": 3}`))
	want := Defaults()
	want.SetOptimizer("sgd")
	want.Epochs = 3
	if err != nil || c != want {
		t.Errorf("read %+v, %v, want %+v", c, err, want)
	}
	for text, want := range map[string]string{
		`{"epoch": 3}`:    `unknown field "epoch"`,
		`{"epochs": "3"}`: "cannot unmarshal",
		`{} {}`:           "after top-level value",
		``:                "unexpected end",
	} {
		if _, err := parseConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
}
