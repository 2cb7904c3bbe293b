package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/cuda"
	"resnet/nn/device"
	"resnet/nn/models"
)

// Config is everything that decides what a run computes, and where it writes.
// A run directory's config.json is this, with all values in effect.
type Config struct {
	Model        string `json:"model"`         // see nn.Models
	BaseChannels int    `json:"base_channels"` // fashion-resnet: 16
	Hidden       int    `json:"hidden"`        // fashion-resnet: 512; 0 leaves the hidden layer out
	Weights      string `json:"weights"`       // file to start from; empty: draw them from Seed

	Dataset string `json:"dataset"`  // see data.Options
	DataDir string `json:"data_dir"` // see data.Options
	Classes int    `json:"classes"`  // 0: as the data set says
	// Val says what validates after each epoch and so chooses the best one:
	// ValTest, ValNone, or a number of images held out of the training set, in
	// which case the test split is evaluated once, at the end.
	Val     string `json:"val"`
	Shuffle bool   `json:"shuffle"` // false: the files' order in every epoch

	Epochs    int `json:"epochs"`
	BatchSize int `json:"batch_size"`

	Optimizer   string  `json:"opt"` // adam, adamw or sgd; see SetOptimizer
	LR          float64 `json:"lr"`
	Momentum    float64 `json:"momentum"`     // sgd
	Nesterov    bool    `json:"nesterov"`     // sgd
	WeightDecay float64 `json:"weight_decay"` // adamw, sgd
	Smoothing   float64 `json:"smoothing"`    // label smoothing, also in validation losses
	Schedule
	data.Augmentation // of the images trained on

	Seed    uint64 `json:"seed"`    // of initial weights, shuffling, augmentation and held-out images
	Threads int    `json:"threads"` // of the CPU; 0: one per processor; results do not depend on it
	device.Config

	Output            string  `json:"output"`             // run directory; empty: runs/<time>-<model>
	CheckpointSeconds float64 `json:"checkpoint_seconds"` // 0: no checkpoints by the clock
	CheckpointSteps   int     `json:"checkpoint_steps"`   // 0: no checkpoints by steps
}

// Values of Config.Val that are no numbers.
const (
	ValTest = "test"
	ValNone = "none"
)

// Defaults is the recipe "seed": the published training of the seed network
// on Fashion-MNIST, which validates on the test split.
func Defaults() Config {
	c := Config{
		Model: "fashion-resnet", BaseChannels: 16, Hidden: 512,
		Dataset: data.FashionMNIST, Val: ValTest, Shuffle: true,
		Epochs: 30, BatchSize: 32,
		Schedule: Schedule{
			Sched: SchedConstant, StepSize: 10, Gamma: 0.1,
			PctStart: 0.3, DivFactor: 25, FinalDivFactor: 1e4,
		},
		Seed: 1, CheckpointSeconds: 60,
		Config: device.Config{Device: device.Auto, Precision: nn.FP32.String(), Fuse: cuda.FuseAuto.String()},
	}
	c.SetOptimizer("adam")
	return c
}

// SetOptimizer chooses an optimiser and its defaults: adam has learning rate
// 1e-3; adamw 1e-3 and decay 1e-2; sgd 1e-2 and Nesterov momentum 0.9.
func (c *Config) SetOptimizer(name string) {
	c.Optimizer, c.LR, c.Momentum, c.Nesterov, c.WeightDecay = name, 1e-3, 0, false, 0
	switch name {
	case "adamw":
		c.WeightDecay = nn.NewAdamW().Decay
	case "sgd":
		c.LR, c.Momentum, c.Nesterov = 1e-2, 0.9, true
	}
}

// ReadConfig reads a config.json. Settings that it leaves out have their
// defaults, those of its optimiser included.
func ReadConfig(path string) (Config, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("train: config: %w", err)
	}
	c, err := parseConfig(b)
	if err != nil {
		return Config{}, fmt.Errorf("train: config: %s: %w", path, err)
	}
	return c, nil
}

func parseConfig(b []byte) (Config, error) {
	c := Defaults()
	var first struct {
		Optimizer *string `json:"opt"`
	}
	if err := json.Unmarshal(b, &first); err != nil {
		return c, err
	}
	if first.Optimizer != nil {
		c.SetOptimizer(*first.Optimizer)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return c, d.Decode(&c)
}

// Validate reports the first setting that no run could have, in one line. What
// depends on the data set is checked when it is open.
func (c *Config) Validate() error {
	if err := c.validate(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

func (c *Config) validate() error {
	const maxBatch = 1 << 20 // far above any use; keeps sizes from overflowing
	held, isNumber := c.heldOut()
	switch {
	case c.Epochs < 1:
		return fmt.Errorf("epochs %d, want at least 1", c.Epochs)
	case c.BatchSize < 1 || c.BatchSize > maxBatch:
		return fmt.Errorf("batch size %d, want 1 to %d", c.BatchSize, maxBatch)
	case c.Optimizer != "adam" && c.Optimizer != "adamw" && c.Optimizer != "sgd":
		return fmt.Errorf("optimizer %q, want adam, adamw or sgd", c.Optimizer)
	case !(c.LR > 0) || math.IsInf(c.LR, 0):
		return fmt.Errorf("learning rate %g, want above 0", c.LR)
	case !(c.Momentum >= 0 && c.Momentum < 1):
		return fmt.Errorf("momentum %g, want 0 <= m < 1", c.Momentum)
	case c.Momentum > 0 && c.Optimizer != "sgd":
		return fmt.Errorf("momentum %g with optimizer %s, want 0 (only sgd has it)", c.Momentum, c.Optimizer)
	case c.Nesterov && c.Momentum == 0:
		return errors.New("nesterov without momentum (it needs sgd and a momentum above 0)")
	case !(c.WeightDecay >= 0) || math.IsInf(c.WeightDecay, 0):
		return fmt.Errorf("weight decay %g, want at least 0", c.WeightDecay)
	case c.WeightDecay > 0 && c.Optimizer == "adam":
		return fmt.Errorf("weight decay %g with optimizer adam, want 0 (adamw has weight decay)", c.WeightDecay)
	case !(c.Smoothing >= 0 && c.Smoothing < 1):
		return fmt.Errorf("label smoothing %g, want 0 <= s < 1", c.Smoothing)
	case c.Classes < 0 || c.Classes == 1 || c.Classes > 256:
		return fmt.Errorf("classes %d, want 2 to 256, or 0 to take them from the data", c.Classes)
	case c.Threads < 0:
		return fmt.Errorf("threads %d, want at least 1, or 0 for one per processor", c.Threads)
	case isNumber && held < 1 || !isNumber && c.Val != ValTest && c.Val != ValNone:
		return fmt.Errorf("val %q, want test, none, or a number of images above 0", c.Val)
	case !(c.CheckpointSeconds >= 0):
		return fmt.Errorf("checkpoint seconds %g, want at least 0", c.CheckpointSeconds)
	case c.CheckpointSteps < 0:
		return fmt.Errorf("checkpoint steps %d, want at least 0", c.CheckpointSteps)
	}
	if err := c.Schedule.validate(c.LR, c.Epochs); err != nil {
		return err
	}
	if err := c.Augmentation.Validate(); err != nil {
		return err
	}
	return c.Config.Validate(device.Options{})
}

// heldOut is how many training images validate, if Val is a number.
func (c *Config) heldOut() (n int, isNumber bool) {
	n, err := strconv.Atoi(c.Val)
	return n, err == nil
}

// valSplit is what a weights file calls the images that validated.
func (c *Config) valSplit() string {
	switch c.Val {
	case ValTest:
		return "test"
	case ValNone:
		return ""
	}
	return "validation"
}

func (c *Config) optimizer() nn.Optimizer {
	switch c.Optimizer {
	case "adamw":
		o := nn.NewAdamW()
		o.Decay = c.WeightDecay
		return o
	case "sgd":
		return nn.SGD{Momentum: c.Momentum, Decay: c.WeightDecay, Nesterov: c.Nesterov}
	}
	return nn.NewAdam()
}

// modelConfig is the model as files name it: without the loss's smoothing.
func (c *Config) modelConfig(src *data.Source) models.Config {
	return models.Config{
		Model: c.Model, BaseChannels: c.BaseChannels, Hidden: c.Hidden,
		Channels: src.Train.C, Height: src.Train.H, Width: src.Train.W, Classes: len(src.ClassNames),
	}
}
