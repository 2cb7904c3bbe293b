package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/bench"
	"resnet/nn"
)

func benchCommand() *cli.Command {
	phases, isas := bench.Phases(), isaNames()
	return &cli.Command{
		Name: "bench", Usage: "measure training and inference speed",
		Description: `Times steps on random images after a warm-up and shows the median, with the 5th
and 95th percentile, and the share of the peak of fused multiply-adds that the
same threads reach in the same run. $RESNET_ISA chooses the instruction set too.
A GPU runs behind the program: there a step's time is that of a window of steps,
and its peak is that of a large matrix product. Phase latency is one image from
the host's memory to its probabilities there.

examples:
   resnet bench
   resnet bench --batch-size 32 --phase train --layers
   resnet bench --device cuda --precision bf16 --batch-size 512
   resnet bench --format json > old.json; resnet bench --compare old.json
   resnet bench --format go --count 10 > new.txt    (for benchstat)`,
		Flags: append(append(modelFlags(),
			&cli.StringFlag{Name: "batch-size", Aliases: []string{"b"}, Value: "1,32,128,512",
				Usage: "`LIST` of images per step"},
			suggest(&cli.StringFlag{Name: "phase", Value: strings.Join(phases, ","),
				Usage: "`LIST` of " + strings.Join(phases, ", ")}, phases...),
			&cli.Float64Flag{Name: "seconds", Value: 3, Usage: "time for each measurement"},
			&cli.IntFlag{Name: "count", Value: 1, Usage: "measurements of each kind"},
			suggest(&cli.StringFlag{Name: "isa", Usage: "instruction set: " + strings.Join(isas, ", "),
				DefaultText: "the best this machine has"}, isas...),
			boolFlag("layers", "time every op too"),
			&cli.StringFlag{Name: "compare", Usage: "hold the result against `FILE`, of an earlier --format json"},
			boolFlag("no-roofline", "GPU: leave out its copy and product rates"),
			quietFlag(),
			checkFlag(), formatFlag("table", "json", "go")),
			deviceFlags(nn.TuneOn)...),
		Action: runBench,
	}
}

func runBench(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	cfg, err := benchConfig(c)
	if err != nil {
		return err
	}
	r, err := runCompared(c, cfg)
	if err != nil {
		return err
	}
	switch c.String("format") {
	case "json":
		return r.WriteJSON(c.App.Writer)
	case "go":
		return r.WriteGo(c.App.Writer)
	}
	return r.WriteTable(c.App.Writer)
}

// runCompared measures. It reads the report of --compare first, so that a bad file fails before the measurement.
func runCompared(c *cli.Context, cfg bench.Config) (*bench.Report, error) {
	file := c.String("compare")
	if file == "" {
		return bench.Run(c.Context, cfg)
	}
	if c.String("format") == "go" {
		return nil, usagef("--compare with --format go, want table or json; benchstat compares that format")
	}
	old, err := bench.ReadReport(file)
	if err != nil {
		return nil, err
	}
	r, err := bench.Run(c.Context, cfg)
	if err == nil {
		r.Compare(old, file)
	}
	return r, err
}

func benchConfig(c *cli.Context) (bench.Config, error) {
	cfg := bench.Config{
		Optimizer: nn.NewAdam(), Seconds: c.Float64("seconds"), Count: c.Int("count"),
		Layers: c.Bool("layers"), Progress: notes(c),
	}
	var err error
	if cfg.Model, err = modelOf(c); err != nil {
		return cfg, err
	}
	if !c.Bool("no-roofline") {
		cfg.Roofline = &nn.RooflineSizes{}
	}
	for s := range strings.SplitSeq(c.String("batch-size"), ",") {
		b, err := parseInt(s)
		if err != nil {
			return cfg, usagef("--batch-size %q: %w, or a list such as 1,32", s, err)
		}
		cfg.BatchSizes = append(cfg.BatchSizes, b)
	}
	for s := range strings.SplitSeq(c.String("phase"), ",") {
		cfg.Phases = append(cfg.Phases, bench.Phase(s))
	}
	if cfg.Device, cfg.Options, err = deviceOf(c); err != nil {
		return cfg, err
	}
	return cfg, asUsage(cfg.Validate())
}
