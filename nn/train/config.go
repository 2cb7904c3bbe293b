package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"resnet/data"
	"resnet/data/scan"
	"resnet/nn"
	"resnet/nn/device"
	"resnet/nn/internal/regular"
	"resnet/nn/models"
)

// Config is everything that determines what a run computes, and where it writes. config.json in a run directory has all
// of its values.
type Config struct {
	Model   string         `json:"model"`   // see package models
	Options models.Options `json:"-"`       // the model's own; in JSON fields after the model
	Weights string         `json:"weights"` // file to start from; empty: initialise from Seed

	Dataset string `json:"dataset"`  // see data.Options; in a run's files the one that was found, not data.Auto
	DataDir string `json:"data_dir"` // see data.Options
	Columns string `json:"columns"`  // of a table of pictures, separated by commas, see data.Options
	Classes int    `json:"classes"`  // 0: those of the data set
	// Transpose exchanges rows and columns of the images, see data.Options.
	Transpose bool `json:"transpose"`
	// Input is the size to which pictures are scaled, such as "3x64x64", see data.Options.Size; empty: the default
	// there.
	Input string `json:"input"`
	// OnBadImage says what is done about pictures that cannot be used: scan.Fail ends before the first step, scan.Skip
	// leaves them out, and lists them in the run's bad-images.txt.
	OnBadImage scan.OnBad `json:"on_bad_image"`
	// Val selects the validation images, which determine the best epoch: ValTest, ValSplit, ValNone, or a number of
	// images held out of the training set, or a share of each of its classes such as "10%", chosen by content, see
	// data.HoldoutShare. Unless they are the test split, that is evaluated once, at the end. ValAuto
	// is ValSplit where the data set has such a split, and else ValTest; a run's files have the one that it was.
	Val     string `json:"val"`
	Shuffle bool   `json:"shuffle"` // false: the order of the files in every epoch

	Epochs    int `json:"epochs"`
	BatchSize int `json:"batch_size"`

	Optimizer   string  `json:"opt"` // see nn.OptimizerKinds and SetOptimizer
	LR          float64 `json:"lr"`
	Momentum    float64 `json:"momentum"`     // for optimisers that have it
	Nesterov    bool    `json:"nesterov"`     // likewise
	WeightDecay float64 `json:"weight_decay"` // likewise
	Smoothing   float64 `json:"smoothing"`    // label smoothing, also in validation losses
	Schedule
	data.Augmentation // of training images

	Seed    uint64 `json:"seed"`    // of initial weights, shuffling, augmentation and held-out images
	Threads int    `json:"threads"` // of the CPU; 0: one per processor; results do not depend on it
	DeviceConfig

	Output            string  `json:"output"`             // run directory; empty: runs/<time>-<model>
	CheckpointSeconds float64 `json:"checkpoint_seconds"` // between checkpoints; 0: none by the clock
	CheckpointSteps   int     `json:"checkpoint_steps"`   // between checkpoints; 0: none by steps
}

// DeviceConfig is the device's part of a Config.
type DeviceConfig = device.Config

// Values of Config.Val that are not numbers.
const (
	ValAuto  = "auto"
	ValTest  = "test"
	ValSplit = "val"
	ValNone  = "none"
)

// Defaults returns the first recipe of the first model: the published training of fashion-resnet on Fashion-MNIST,
// which validates on the test split as there is no other.
func Defaults() Config {
	c := Config{
		Dataset: data.Auto, OnBadImage: scan.Fail, Val: ValAuto, Shuffle: true,
		Schedule: Schedule{
			Sched: SchedConstant, StepSize: 10, Gamma: 0.1,
			PctStart: 0.3, DivFactor: 25, FinalDivFactor: 1e4,
		},
		Seed: 1, CheckpointSeconds: 60, DeviceConfig: device.Defaults(),
	}
	m := models.All()[0]
	c.SetModel(m.Name)
	if err := c.SetRecipe(m.Recipes[0].Name); err != nil {
		panic(err) // a test builds every recipe
	}
	return c
}

// SetModel chooses a model with its default options. Validate reports an unknown model.
func (c *Config) SetModel(name string) {
	c.Model, c.Options = name, ""
	if m, err := models.Lookup(name); err == nil {
		c.Options = m.Config().Options
	}
}

// SetOptimizer chooses an optimiser with its default settings. Validate reports an unknown optimiser.
func (c *Config) SetOptimizer(name string) {
	k, err := nn.LookupOptimizer(name)
	if err != nil {
		k.Defaults.LR = 1e-3
	}
	d := k.Defaults
	c.Optimizer, c.LR, c.Momentum, c.Nesterov, c.WeightDecay = name, d.LR, d.Momentum, d.Nesterov, d.WeightDecay
}

// SetRecipe applies the settings of the model's recipe of that name.
func (c *Config) SetRecipe(name string) error {
	m, err := models.Lookup(c.Model)
	if err != nil {
		return err
	}
	r, err := m.Recipe(name)
	if err != nil {
		return err
	}
	return c.overlay([]byte(r.Settings))
}

// ReadConfig reads a config.json. Settings that are missing have their defaults, which depend on the model and the
// optimiser.
func ReadConfig(path string) (Config, error) {
	b, err := regular.ReadAtMost(path, maxText)
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
	return c, c.overlay(b)
}

// overlay applies the settings of a JSON object after the defaults of the model and the optimiser that it names.
func (c *Config) overlay(b []byte) error {
	var named struct {
		Model     *string `json:"model"`
		Optimizer *string `json:"opt"`
	}
	if err := json.Unmarshal(b, &named); err != nil {
		return err
	}
	if named.Model != nil {
		c.SetModel(*named.Model)
	}
	if named.Optimizer != nil {
		c.SetOptimizer(*named.Optimizer)
	}
	return c.decode(b, true)
}

// Validate returns an error of one line for the first invalid setting. Settings that depend on the data set are checked
// when it is open.
func (c *Config) Validate() error {
	if err := c.validate(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

func (c *Config) validate() error {
	const maxBatch = 1 << 20 // far above any use; prevents overflow of sizes
	held, isNumber := c.heldOut()
	_, isShare := c.share()
	switch {
	case c.Epochs < 1:
		return fmt.Errorf("epochs %d, want at least 1", c.Epochs)
	case c.BatchSize < 1 || c.BatchSize > maxBatch:
		return fmt.Errorf("batch size %d, want 1 to %d", c.BatchSize, maxBatch)
	case !(c.Smoothing >= 0 && c.Smoothing < 1):
		return fmt.Errorf("label smoothing %g, want 0 <= s < 1", c.Smoothing)
	case c.Classes < 0 || c.Classes == 1 || c.Classes > data.MaxClasses:
		return fmt.Errorf("classes %d, want 2 to %d, or 0 to take them from the data", c.Classes, data.MaxClasses)
	case c.Threads < 0:
		return fmt.Errorf("threads %d, want at least 1, or 0 for one per processor", c.Threads)
	case isNumber && held < 1 || !isNumber && !isShare &&
		!slices.Contains([]string{ValAuto, ValTest, ValSplit, ValNone}, c.Val):
		return fmt.Errorf("val %q, want test, none, val, auto, a number of images above 0, or a share such as 10%%",
			c.Val)
	case c.OnBadImage != scan.Fail && c.OnBadImage != scan.Skip:
		return fmt.Errorf("on bad image %q, want %s or %s", c.OnBadImage, scan.Fail, scan.Skip)
	case !(c.CheckpointSeconds >= 0) || math.IsInf(c.CheckpointSeconds, 0):
		return fmt.Errorf("checkpoint seconds %g, want at least 0", c.CheckpointSeconds)
	case c.CheckpointSteps < 0:
		return fmt.Errorf("checkpoint steps %d, want at least 0", c.CheckpointSteps)
	}
	if _, err := c.size(); err != nil {
		return err
	}
	if err := c.validateOptimizer(); err != nil {
		return err
	}
	if err := c.Schedule.validate(c.LR, c.Epochs); err != nil {
		return err
	}
	if err := c.Augmentation.Validate(); err != nil {
		return err
	}
	return c.DeviceConfig.Validate(device.Options{})
}

func (c *Config) validateOptimizer() error {
	k, err := nn.LookupOptimizer(c.Optimizer)
	switch {
	case err != nil:
		return err
	case !(c.LR > 0) || math.IsInf(c.LR, 0):
		return fmt.Errorf("learning rate %g, want above 0", c.LR)
	case !(c.Momentum >= 0 && c.Momentum < 1):
		return fmt.Errorf("momentum %g, want 0 <= m < 1", c.Momentum)
	case c.Momentum > 0 && !k.Momentum:
		return fmt.Errorf("momentum %g with optimizer %s, want 0 (it has none)", c.Momentum, c.Optimizer)
	case c.Nesterov && c.Momentum == 0:
		return errors.New("nesterov without momentum (it needs an optimizer with a momentum above 0, such as sgd)")
	case !(c.WeightDecay >= 0) || math.IsInf(c.WeightDecay, 0):
		return fmt.Errorf("weight decay %g, want at least 0", c.WeightDecay)
	case c.WeightDecay > 0 && !k.Decay:
		return fmt.Errorf("weight decay %g with optimizer %s, want 0 (it has none)", c.WeightDecay, c.Optimizer)
	}
	return nil
}

// size is Input.
func (c *Config) size() (data.Size, error) {
	if c.Input == "" {
		return data.Size{}, nil
	}
	s, err := data.ParseSize(c.Input)
	if err != nil {
		return s, fmt.Errorf("input %q: %w", c.Input, err)
	}
	return s, nil
}

// heldOut is the number of training images held out for validation, if Val is a number.
func (c *Config) heldOut() (n int, isNumber bool) {
	n, err := strconv.Atoi(c.Val)
	return n, err == nil
}

// share is that of the training images held out for validation, between 0 and 1, if Val is a percentage.
func (c *Config) share() (share float64, isShare bool) {
	number, isShare := strings.CutSuffix(c.Val, "%")
	percent, err := strconv.ParseFloat(number, 64)
	return percent / 100, isShare && err == nil && percent > 0 && percent < 100
}

// valSplit is the name of the validation images in the metadata of weights files.
func (c *Config) valSplit() string {
	switch c.Val {
	case ValTest:
		return "test"
	case ValNone:
		return ""
	}
	return "validation"
}

// optimizer is the optimiser of a valid configuration.
func (c *Config) optimizer() nn.Optimizer {
	k, err := nn.LookupOptimizer(c.Optimizer)
	if err != nil {
		panic(err)
	}
	return k.New(nn.OptimizerConfig{LR: c.LR, Momentum: c.Momentum, Nesterov: c.Nesterov, WeightDecay: c.WeightDecay})
}

// modelConfig is the model as in files, without label smoothing.
func (c *Config) modelConfig(src *data.Source) models.Config {
	return models.Config{
		Model: c.Model, Options: c.Options,
		Channels: src.Train.C, Height: src.Train.H, Width: src.Train.W, Classes: len(src.ClassNames),
		Mean: models.PerChannelOf(src.Mean), Std: models.PerChannelOf(src.Std),
	}
}

// plainConfig is Config without the JSON methods.
type plainConfig Config

// MarshalJSON implements json.Marshaler: the model's options follow its name.
func (c Config) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(plainConfig(c))
	if err != nil {
		return nil, err
	}
	model, err := json.Marshal(struct {
		Model string `json:"model"`
	}{c.Model})
	if err != nil {
		return nil, err
	}
	name := len(model) - 1 // b starts with the same bytes
	head := c.Options.AppendJSON(model)
	return append(head[:len(head)-1], b[name:]...), nil
}

// UnmarshalJSON implements json.Unmarshaler. Settings that are missing stay unchanged.
func (c *Config) UnmarshalJSON(b []byte) error { return c.decode(b, false) }

// decode applies the settings of a JSON object. If strict is set unknown fields are errors.
func (c *Config) decode(b []byte, strict bool) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	name := c.Model
	if raw, ok := all["model"]; ok {
		if err := json.Unmarshal(raw, &name); err != nil {
			return fmt.Errorf("model: %w", err)
		}
	}
	if m, err := models.Lookup(name); err == nil {
		if c.Options, err = m.TakeOptions(c.Options, all); err != nil {
			return err
		}
	}
	rest, err := json.Marshal(all)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(rest))
	if strict {
		d.DisallowUnknownFields()
	}
	return d.Decode((*plainConfig)(c))
}
