package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/data"
	"resnet/data/scan"
	"resnet/nn"
	"resnet/nn/cuda"
	"resnet/nn/device"
	"resnet/nn/models"
	"resnet/nn/train"
)

// A setting is a flag of train and what it does to the configuration.
type setting struct {
	flag  cli.Flag
	apply func(*train.Config, string) error
}

// settings lists the flags that change a train.Config. Values are parsed when they are applied, so that a flag that was
// not given leaves the configuration as --config or the recipe has it.
func settings() []setting {
	d := train.Defaults()
	text := func(name, usage string, value any, field func(*train.Config) *string, aliases ...string) setting {
		return valueOf(name, usage, value, aliases, field, func(s string) (string, error) { return s, nil })
	}
	whole := func(name, usage string, value any, field func(*train.Config) *int, aliases ...string) setting {
		return valueOf(name, usage, value, aliases, field, parseInt)
	}
	number := func(name, usage string, value any, field func(*train.Config) *float64) setting {
		return valueOf(name, usage, value, nil, field, parseFloat)
	}
	type c = *train.Config
	named := func(name, usage, shown string, values []string, apply func(c, string) error) setting {
		return setting{suggest(&cli.StringFlag{Name: name, Usage: usage, DefaultText: shown}, values...), apply}
	}
	list := []setting{
		// First those that bring others' defaults.
		named("model", modelUsage(), d.Model, models.Names(), func(c c, s string) error {
			c.SetModel(s)
			return nil
		}),
		named("recipe", recipeUsage(), recipeNames()[0], recipeNames(), func(c c, s string) error {
			return asUsage(c.SetRecipe(s))
		}),
		named("opt", optimizerUsage(), d.Optimizer, nn.OptimizerNames(), func(c c, s string) error {
			c.SetOptimizer(s)
			return nil
		}),
	}
	for _, m := range models.All() {
		for _, o := range m.Options {
			flag := &cli.StringFlag{Name: o.Name, Usage: optionUsage(m, o), DefaultText: fmt.Sprint(o.Default)}
			list = append(list, setting{flag, func(c c, s string) error {
				n, err := parseInt(s)
				if err != nil {
					return usagef("--%s %q: %w", o.Name, s, err)
				}
				c.Options = c.Options.With(o.Key(), n) // Build refuses another model's
				return nil
			}})
		}
	}
	return append(list, []setting{
		text("weights", "weights `FILE` to start from", "drawn from --seed", func(c c) *string { return &c.Weights }),

		text("dataset", datasetUsage(), d.Dataset, func(c c) *string { return &c.Dataset }).of(data.Names()...),
		text("data-dir", dataDirUsage, "", func(c c) *string { return &c.DataDir }),
		setting{columnsFlag(), func(c c, s string) error {
			c.Columns = s
			return nil
		}},
		whole("classes", "number of classes of a data set whose files do not name them", "largest label + 1",
			func(c c) *int { return &c.Classes }),
		text("input", "channels, height and width to which pictures are scaled, such as 3x64x64",
			"the images' own; 3x64x64 for pictures", func(c c) *string { return &c.Input }),
		valueOf("on-bad-image", "what to do about pictures that cannot be used: error ends before the first step, "+
			"skip leaves them out and lists them in the run's bad-images.txt", d.OnBadImage, nil,
			func(c c) *scan.OnBad { return &c.OnBadImage },
			func(s string) (scan.OnBad, error) { return scan.OnBad(s), nil }).of(string(scan.Fail), string(scan.Skip)),
		text("val", "what validates after each epoch: test, val (the data set's validation split), none, a number of "+
			"images held out of the training set, a share of each class chosen by content, such as 10%, or auto: val "+
			"where there is such a split, else test",
			d.Val, func(c c) *string { return &c.Val }).of(train.ValAuto, train.ValTest, train.ValSplit, train.ValNone),

		whole("epochs", "passes over the training set", d.Epochs, func(c c) *int { return &c.Epochs }),
		whole("batch-size", "images per step", d.BatchSize, func(c c) *int { return &c.BatchSize }, "b"),
		number("lr", "learning rate",
			optimizerDefaults(func(k nn.OptimizerKind) (float64, bool) { return k.Defaults.LR, true }),
			func(c c) *float64 { return &c.LR }),
		number("momentum", "of optimisers that have one",
			optimizerDefaults(func(k nn.OptimizerKind) (float64, bool) { return k.Defaults.Momentum, k.Momentum }),
			func(c c) *float64 { return &c.Momentum }),
		number("weight-decay", "of optimisers that have one",
			optimizerDefaults(func(k nn.OptimizerKind) (float64, bool) { return k.Defaults.WeightDecay, k.Decay }),
			func(c c) *float64 { return &c.WeightDecay }),
		number("smoothing", "label smoothing", d.Smoothing, func(c c) *float64 { return &c.Smoothing }),
		number("hflip", "probability that an image is mirrored", d.HFlip, func(c c) *float64 { return &c.HFlip }),
		whole("crop-padding", "pixels by which images move at most, each way; zeros come in", d.CropPadding,
			func(c c) *int { return &c.CropPadding }),

		text("sched", "learning rate schedule: "+strings.Join(train.ScheduleNames(), ", "), d.Sched,
			func(c c) *string { return &c.Sched }).of(train.ScheduleNames()...),
		whole("warmup", "epochs of linear warm-up", d.Warmup, func(c c) *int { return &c.Warmup }),
		whole("step-size", "step: epochs between reductions", d.StepSize, func(c c) *int { return &c.StepSize }),
		number("gamma", "step: factor of a reduction", d.Gamma, func(c c) *float64 { return &c.Gamma }),
		number("min-lr", "cosine: last learning rate", d.MinLR, func(c c) *float64 { return &c.MinLR }),
		number("pct-start", "onecycle: fraction of steps before the peak", d.PctStart,
			func(c c) *float64 { return &c.PctStart }),
		number("div-factor", "onecycle: peak over first learning rate", d.DivFactor,
			func(c c) *float64 { return &c.DivFactor }),
		number("final-div-factor", "onecycle: first over last learning rate", d.FinalDivFactor,
			func(c c) *float64 { return &c.FinalDivFactor }),

		valueOf("seed", "of initial weights, shuffling, augmentation and held-out images", d.Seed, nil,
			func(c c) *uint64 { return &c.Seed }, parseUint),
		text("device", deviceUsage, d.Device, func(c c) *string { return &c.Device }).of(device.Names()...),
		text("fuse", fuseUsage, d.Fuse, func(c c) *string { return &c.Fuse }).of(cuda.FuseModes()...),
		text("precision", precisionUsage, d.Precision,
			func(c c) *string { return &c.Precision }).of(nn.Precisions()...),
		whole("workers", workersUsage, "one per processor", func(c c) *int { return &c.Threads }, "j"),
		text("output", "run directory `DIR`", "runs/<time>-<model>", func(c c) *string { return &c.Output }, "o"),
		number("checkpoint-seconds", "seconds between checkpoints; 0 for none", d.CheckpointSeconds,
			func(c c) *float64 { return &c.CheckpointSeconds }),
		whole("checkpoint-steps", "steps between checkpoints; 0 for none", d.CheckpointSteps,
			func(c c) *int { return &c.CheckpointSteps }),
	}...)
}

// recipeNames are those of all models, the default first.
func recipeNames() []string {
	var names []string
	for _, m := range models.All() {
		for _, r := range m.Recipes {
			if !slices.Contains(names, r.Name) {
				names = append(names, r.Name)
			}
		}
	}
	return names
}

func recipeUsage() string {
	return "settings that belong together: " + strings.Join(recipeNames(), ", ") + "; others win over them"
}

func optimizerUsage() string {
	return "optimiser: " + strings.Join(nn.OptimizerNames(), ", ") +
		"; brings its own learning rate, momentum and decay"
}

// optimizerDefaults lists the default value of a setting for each optimiser that has it.
func optimizerDefaults(value func(nn.OptimizerKind) (float64, bool)) string {
	var list []string
	for _, k := range nn.OptimizerKinds() {
		if v, ok := value(k); ok {
			list = append(list, fmt.Sprintf("%s %g", k.Name, v))
		}
	}
	return strings.Join(list, ", ")
}

const (
	dataDirUsage = "`DIR` with the data set's files, a table of pictures or a Parquet file; without it a published " +
		"data set is searched for"
	workersUsage = "threads of the CPU; results do not depend on it"
)

// of has completion propose values.
func (s setting) of(values ...string) setting {
	s.flag = suggest(s.flag.(*cli.StringFlag), values...)
	return s
}

// datasetUsage lists the data sets, and explains the first.
func datasetUsage() string {
	first := data.All()[0]
	names := data.Names()[1:]
	return fmt.Sprintf("%s (%s), %s; see resnet data list", first.Name, first.About, strings.Join(names, ", "))
}

// datasetFlag is --dataset where it has a default.
func datasetFlag(usage, value string) cli.Flag {
	return suggest(&cli.StringFlag{Name: "dataset", Value: value, Usage: usage + datasetUsage()}, data.Names()...)
}

// valueOf is a setting of one field. The flag is a string to the parser; shown is its default in the help text.
func valueOf[T any](
	name, usage string, shown any, aliases []string, field func(*train.Config) *T, parse func(string) (T, error),
) setting {
	f := &cli.StringFlag{Name: name, Aliases: aliases, Usage: usage, DefaultText: fmt.Sprint(shown)}
	return setting{f, func(c *train.Config, s string) error {
		v, err := parse(s)
		if err != nil {
			return usagef("--%s %q: %w", name, s, err)
		}
		*field(c) = v
		return nil
	}}
}

func parseInt(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, fmt.Errorf("want a whole number")
	}
	return n, nil
}

func parseUint(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("want a whole number from 0 to 2^64-1")
	}
	return n, nil
}

func parseFloat(s string) (float64, error) {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("want a number")
	}
	return x, nil
}

// configOf is the configuration that a command line asks for: the recipe, or --config's file, changed by the flags that
// were given.
func configOf(c *cli.Context) (train.Config, error) {
	cfg := train.Defaults()
	if path := c.String("config"); path != "" {
		var err error
		if cfg, err = train.ReadConfig(path); err != nil {
			return cfg, err
		}
		cfg.Output = "" // its run's own; another run needs another directory
		cfg.DataDir = train.DataDir(filepath.Dir(path), cfg.DataDir)
	}
	if err := apply(c, &cfg); err != nil {
		return cfg, err
	}
	cfg.Threads = atMostProcessors(c, cfg.Threads)
	return cfg, asUsage(cfg.Validate())
}

// apply changes a configuration by the flags that were given.
func apply(c *cli.Context, cfg *train.Config) error {
	for _, s := range settings() {
		if name := s.flag.Names()[0]; c.IsSet(name) {
			if err := s.apply(cfg, c.String(name)); err != nil {
				return err
			}
		}
	}
	if c.Bool("no-nesterov") || cfg.Momentum == 0 {
		cfg.Nesterov = false
	}
	if c.Bool("no-shuffle") {
		cfg.Shuffle = false
	}
	if c.IsSet("transpose") {
		cfg.Transpose = c.Bool("transpose")
	}
	if c.IsSet("deterministic") {
		cfg.Deterministic = c.Bool("deterministic")
	}
	return nil
}
