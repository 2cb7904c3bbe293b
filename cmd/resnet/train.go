package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/bench"
	"resnet/nn"
	"resnet/nn/device"
	"resnet/nn/train"
)

func trainCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "resume", Usage: "go on with the run in `DIR` from its last checkpoint"},
		&cli.StringFlag{Name: "config", Usage: "take the settings from `FILE`, a run's config.json; flags given win"},
		boolFlag("no-nesterov", "plain momentum"),
		boolFlag("no-shuffle", "take the images in the files' order"),
		transposeFlag(""),
		quietFlag(),
		boolFlag("force", "begin anew where --output holds a run, whose files are removed"),
		boolFlag("no-tensorboard", "no event file for TensorBoard"),
		choice("histograms", "weights", "distributions that TensorBoard shows, those of gradients beside weights",
			"none", "weights", "gradients"),
		boolFlag("no-plots", "no pictures at the end"),
		deterministicFlag(), noGraphFlag(), tuneFlag(nn.TuneOn), checkFlag(),
		formatFlag("text", "json"),
	}
	for _, s := range settings() {
		flags = append(flags, s.flag)
	}
	return &cli.Command{
		Name: "train", Usage: "train a network",
		Description: `Writes a run directory: config.json, environment.json, tuning.json, results.csv,
weights/best.safetensors, weights/last.safetensors, a checkpoint and events for
TensorBoard, and at the end curves.png, and of the best weights on the test split
confusion.png, predictions.png, wrong.png and filters.png. After SIGINT, SIGTERM
or SIGHUP the step is finished and the checkpoint written; --resume continues to
the same bits, on the same device (on a GPU with --deterministic), or with
--device on another one. On a GPU the fastest algorithms are measured once and
kept in the user's cache, see --tune; tuning.json has those that the run took.

examples:
   resnet train
   resnet train --epochs 8 --opt adamw --sched onecycle --lr 3e-3 --val 5000
   resnet train --device cuda --precision bf16 --batch-size 512 --lr 4e-3
   resnet train --dataset cifar10 --val 5000 --hflip 0.5 --crop-padding 4
   resnet train --data-dir mydata --output runs/mine
   resnet train --data-dir photos/labels.csv --val 10%
   resnet train --resume runs/mine
   resnet train --config runs/mine/config.json --seed 2`,
		Flags: flags, Action: runTrain,
	}
}

func runTrain(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if _, err := chooseISA(""); err != nil {
		return err
	}
	o := train.Options{
		Stderr: c.App.ErrWriter, Terminal: showsBars(c.App.ErrWriter), Color: showsColor(c.App.ErrWriter),
		Quiet: c.Bool("quiet"), NoGraph: c.Bool("no-graph"), Check: c.Bool("check"), Force: c.Bool("force"),
		Origin: train.Origin{Command: commandLine(os.Args), Version: bench.Version(), CPU: bench.ThisMachine().CPU},
	}
	var err error
	if o.Tune, err = tuneOf(c); err != nil {
		return err
	}
	ob, err := newObserver(c)
	if err != nil {
		return err
	}
	saves := train.Hooks{Start: func(*train.StartInfo) error { savesWork(c.Context); return nil }}
	o.Hooks = train.Join(saves, ob.hooks())
	var result *train.Result
	if dir := c.String("resume"); dir != "" {
		if o.Override, err = overrides(c, dir); err != nil {
			return err
		}
		result, err = train.Resume(c.Context, dir, o)
	} else {
		var cfg train.Config
		if cfg, err = configOf(c); err != nil {
			return err
		}
		if err := cfg.DeviceConfig.Validate(device.Options{NoGraph: o.NoGraph, Check: o.Check}); err != nil {
			return asUsage(err)
		}
		result, err = train.Run(c.Context, cfg, o)
	}
	if errors.Is(err, train.ErrInterrupted) {
		return fmt.Errorf("%w; go on with: resnet train --resume %s", err, ob.Dir)
	}
	if err != nil {
		return err
	}
	if c.String("format") == "json" {
		return writeJSON(c.App.Writer, result)
	}
	mention(c, func(w io.Writer) error { return writeResult(w, result) })
	return nil
}

// overrides returns a function that applies the settings given beside --resume. train refuses those that would make it
// another run.
func overrides(c *cli.Context, dir string) (func(*train.Config), error) {
	switch output := c.String("output"); {
	case c.IsSet("config"):
		return nil, usagef("--config with --resume: a run continues with the settings it began with")
	case output != "" && filepath.Clean(output) != filepath.Clean(dir):
		return nil, usagef("--output %s with --resume %s: a run continues in its own directory", output, dir)
	case c.Bool("force"):
		return nil, usagef("--force with --resume: want either the run that is there or a new one")
	case c.IsSet("weights"):
		return nil, usagef("--weights with --resume: a run continues from its own checkpoint; for a new run from "+
			"those weights leave out --resume %s", dir)
	}
	trial := train.Defaults()
	if err := apply(c, &trial); err != nil {
		return nil, err
	}
	return func(cfg *train.Config) {
		_ = apply(c, cfg) // the same values parsed a moment ago
		cfg.Threads = atMostProcessors(c, cfg.Threads)
	}, nil
}

// writeResult prints what a script would look for.
func writeResult(w io.Writer, r *train.Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "run       %s\nweights   %s\n", printable(r.Dir), printable(r.BestWeights))
	if best := r.Best; best != nil {
		fmt.Fprintf(&b, "epoch     %d\n", best.Epoch)
		if best.Val != nil {
			fmt.Fprintf(&b, "val_loss  %.4f\nval_acc   %.2f %%\n", best.Val.Loss, 100*best.Val.Accuracy)
		}
	}
	if r.Test != nil {
		fmt.Fprintf(&b, "test_loss %.4f\ntest_acc  %.2f %%\n", r.Test.Loss, 100*r.Test.Accuracy)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
