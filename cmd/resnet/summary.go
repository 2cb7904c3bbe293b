package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/bench"
	"resnet/nn"
	"resnet/nn/train"
)

func summaryCommand() *cli.Command {
	return &cli.Command{
		Name: "summary", Usage: "list a network's layers, parameters and cost",
		Description: `Shapes are N, C, H, W; N is None, the batch. The activation memory is that of the
plan for training, in which layers share what they do not need at the same time.

examples:
   resnet summary
   resnet summary --base-channels 32 --hidden 0 --batch-size 128
   resnet summary --weights runs/DIR/weights/best.safetensors --format json`,
		Flags: append(modelFlags(),
			&cli.StringFlag{Name: "weights", Usage: "describe the network of a weights `FILE`"},
			&cli.StringFlag{Name: "input", Value: "1x28x28", Usage: "channels, height and width of the images"},
			&cli.IntFlag{Name: "classes", Value: 10, Usage: "number of classes"},
			&cli.IntFlag{Name: "batch-size", Aliases: []string{"b"}, Value: train.Defaults().BatchSize, Usage: "images per step, for the memory"},
			&cli.StringFlag{Name: "device", Value: train.DeviceCPU, Usage: "the one whose memory is counted: " + deviceUsage},
			&cli.StringFlag{Name: "precision", Value: nn.FP32.String(), Usage: precisionUsage},
			workersFlag(), formatFlag("table", "json")),
		Action: runSummary,
	}
}

// summary is what the command shows.
type summary struct {
	Model  nn.ModelConfig `json:"model"`
	Layers []layer        `json:"layers"`

	Params       int64 `json:"params"`
	Trainable    int64 `json:"trainable_params"`
	NonTrainable int64 `json:"non_trainable_params"`

	FLOPs     bench.Cost `json:"flops_per_image"`
	BatchSize int        `json:"batch_size"`
	Memory    memory     `json:"memory_bytes"`
}

// memory is in bytes, as the plan for training with Adam places it.
type memory struct {
	Activations int64 `json:"activations"` // with the threads' own
	Params      int64 `json:"params"`      // with running statistics
	Gradients   int64 `json:"gradients"`   // of parameters
	Optimizer   int64 `json:"optimizer"`
}

type layer struct {
	Name      string   `json:"name"`
	Type      string   `json:"type"`
	Output    [4]int   `json:"output"` // N, C, H, W; N is 1
	Params    int64    `json:"params"`
	FLOPs     int64    `json:"flops"` // forward, per image
	Connected []string `json:"connected_to"`
}

func runSummary(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	model, err := summaryModel(c)
	if err != nil {
		return err
	}
	g, err := nn.Build(model)
	if err != nil {
		return asUsage(err)
	}
	b, err := openBackend(c)
	if err != nil {
		return err
	}
	defer b.Close()
	plan, err := nn.NewPlan(g, nn.PlanConfig{Batch: c.Int("batch-size"), Optimizer: nn.NewAdam(), Target: b})
	if err != nil {
		return asUsage(err)
	}
	s := newSummary(model, plan)
	if c.String("format") == "json" {
		return writeJSON(c.App.Writer, s)
	}
	return s.write(c.App.Writer)
}

func summaryModel(c *cli.Context) (nn.ModelConfig, error) {
	if path := c.String("weights"); path != "" {
		m, err := nn.ReadMetadata(path)
		return m.Model, err
	}
	m := modelOf(c)
	m.Classes = c.Int("classes")
	var rest string
	n, _ := fmt.Sscanf(c.String("input")+" ", "%dx%dx%d%s", &m.Channels, &m.Height, &m.Width, &rest)
	if n != 3 {
		return m, usagef("--input %q, want channels x height x width such as 1x28x28", c.String("input"))
	}
	return m, nil
}

func newSummary(model nn.ModelConfig, p *nn.Plan) *summary {
	g := p.Graph
	s := &summary{Model: model, FLOPs: bench.CostOf(g), BatchSize: p.Batch, Memory: memory{
		Activations: p.Bytes[nn.Activations] + p.Bytes[nn.Local],
		Params:      p.Bytes[nn.Params] + p.Bytes[nn.Statistics],
		Gradients:   p.Bytes[nn.ParamGrads],
		Optimizer:   p.Bytes[nn.State0s] + p.Bytes[nn.State1s],
	}}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		shape := g.Type(n.Out).Shape
		l := layer{
			Name: n.Name, Type: n.Op.Kind(), FLOPs: n.Op.FLOPs(g.InTypes(n)),
			Output: [4]int{shape.N, shape.C, shape.H, shape.W},
		}
		for _, v := range n.Params {
			size := int64(g.Elems(v, 1))
			l.Params += size
			if g.Param(v).Trainable {
				s.Trainable += size
			} else {
				s.NonTrainable += size
			}
		}
		for _, v := range n.In {
			l.Connected = append(l.Connected, g.ValueName(v))
		}
		s.Layers = append(s.Layers, l)
	}
	s.Params = s.Trainable + s.NonTrainable
	return s
}

func (s *summary) write(w io.Writer) error {
	name := 0
	for _, l := range s.Layers {
		name = max(name, len(l.Name)+len(l.Type)+3)
	}
	rule := strings.Repeat("-", name+66)
	var b strings.Builder
	fmt.Fprintf(&b, "Model: %s\n%s\n", s.Model.Model, rule)
	fmt.Fprintf(&b, "%-*s  %-20s  %11s  %s\n%s\n", name, "Layer (type)", "Output (N, C, H, W)", "Params", "Connected to", rule)
	for _, l := range s.Layers {
		fmt.Fprintf(&b, "%-*s  %-20s  %11s  %s\n", name, l.Name+" ("+l.Type+")",
			fmt.Sprintf("(None, %d, %d, %d)", l.Output[1], l.Output[2], l.Output[3]), thousands(l.Params), strings.Join(l.Connected, ", "))
	}
	fmt.Fprintf(&b, "%s\nTotal params: %s\nTrainable params: %s\nNon-trainable params: %s\n",
		rule, thousands(s.Params), thousands(s.Trainable), thousands(s.NonTrainable))
	fmt.Fprintf(&b, "FLOPs per image: %s forward, %s training step (a multiply-add is 2)\n", thousands(s.FLOPs.Forward), thousands(s.FLOPs.Train))
	fmt.Fprintf(&b, "Training memory at batch size %d: activations %s, params %s, gradients %s, adam %s\n", s.BatchSize,
		mebibytes(s.Memory.Activations), mebibytes(s.Memory.Params), mebibytes(s.Memory.Gradients), mebibytes(s.Memory.Optimizer))
	_, err := io.WriteString(w, b.String())
	return err
}
