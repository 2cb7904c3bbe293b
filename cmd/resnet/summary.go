package main

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/bench"
	"resnet/nn"
	"resnet/nn/device"
	"resnet/nn/diagram"
	"resnet/nn/models"
	"resnet/nn/train"
	"resnet/nn/weights"
)

func summaryCommand() *cli.Command {
	return &cli.Command{
		Name: "summary", Usage: "list a network's layers, parameters and cost, or draw it",
		Description: `Shapes are N, C, H, W; N is None, the batch. The activation memory is that of the
plan for training, in which layers share what they do not need at the same time.
As a drawing the network is svg, a picture; dot, for Graphviz; or mermaid, for
Markdown. Without --format -o's extension decides: .json, .svg, .dot, .mmd.

examples:
   resnet summary
   resnet summary --base-channels 32 --hidden 0 --batch-size 128
   resnet summary --weights runs/DIR/weights/best.safetensors --format json
   resnet summary -o network.svg
   resnet summary --format dot | dot -Tpdf > network.pdf`,
		Flags: append(append(modelFlags(), shapeFlags()...),
			&cli.StringFlag{Name: "weights", Usage: "describe the network of a weights `FILE`"},
			&cli.IntFlag{Name: "batch-size", Aliases: []string{"b"}, Value: train.Defaults().BatchSize,
				Usage: "images per step, for the memory"},
			deviceFlag(device.CPU, "the one whose memory is counted: "+deviceUsage),
			precisionFlag(),
			workersFlag(), outputFlag("the result"),
			formatFlag(append([]string{"table", "json"}, diagram.Formats()...)...)),
		Action: runSummary,
	}
}

// summary is what the command shows.
type summary struct {
	Model  models.Config `json:"model"`
	Layers []layer       `json:"layers"`

	Params       int64 `json:"params"`
	Trainable    int64 `json:"trainable_params"`
	NonTrainable int64 `json:"non_trainable_params"`

	FLOPs     bench.Cost `json:"flops_per_image"`
	BatchSize int        `json:"batch_size"`
	Memory    planned    `json:"memory_bytes"`
}

// planned is the memory in bytes, as the plan for training with Adam places it.
type planned struct {
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
	g, err := models.Build(model)
	if err != nil {
		return asUsage(err)
	}
	write, err := summaryWriter(c, model, g)
	if err != nil {
		return err
	}
	if path := c.String("output"); path != "" {
		return writeOutput(path, write)
	}
	return write(c.App.Writer)
}

// summaryWriter writes a network in the format that is asked for.
func summaryWriter(c *cli.Context, model models.Config, g *nn.Graph) (func(io.Writer) error, error) {
	format := summaryFormat(c)
	if slices.Contains(diagram.Formats(), format) {
		return func(w io.Writer) error { return diagram.Write(w, g, format) }, nil
	}
	b, err := openBackend(c)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	cfg := nn.PlanConfig{Batch: c.Int("batch-size"), Optimizer: nn.NewAdam()}
	var tooLarge error
	if m, ok := b.(nn.MemoryChecker); ok {
		tooLarge = m.CheckMemory(g, cfg)
	}
	plan, err := b.Plan(g, cfg)
	if err != nil {
		return nil, asUsage(cmp.Or(tooLarge, err))
	}
	if tooLarge != nil {
		notes(c)("note: training: %v", tooLarge)
	}
	s := newSummary(model, plan)
	if format == "json" {
		return func(w io.Writer) error { return writeJSON(w, s) }, nil
	}
	return s.write, nil
}

// summaryFormat is --format, or what the output's name says.
func summaryFormat(c *cli.Context) string {
	if !c.IsSet("format") {
		switch strings.ToLower(filepath.Ext(c.String("output"))) {
		case ".json":
			return "json"
		case ".svg":
			return diagram.SVG
		case ".dot", ".gv":
			return diagram.DOT
		case ".mmd", ".mermaid":
			return diagram.Mermaid
		}
	}
	return c.String("format")
}

func summaryModel(c *cli.Context) (models.Config, error) {
	if path := c.String("weights"); path != "" {
		m, err := weights.ReadMetadata(path)
		return m.Model, err
	}
	return shapedModelOf(c)
}

func newSummary(model models.Config, p *nn.Plan) *summary {
	g := p.Graph
	s := &summary{Model: model, FLOPs: bench.CostOf(g), BatchSize: p.Batch, Memory: planned{
		Activations: p.Bytes[nn.Activations] + p.Bytes[nn.Local],
		Params:      p.Bytes[nn.Params] + p.Bytes[nn.Statistics],
		Gradients:   p.Bytes[nn.ParamGrads],
		Optimizer:   p.Bytes[nn.Momenta] + p.Bytes[nn.SecondMoments],
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
	fmt.Fprintf(&b, "Model: %s\n%s\n", printable(s.Model.Model), rule)
	fmt.Fprintf(&b, "%-*s  %-20s  %11s  %s\n%s\n", name, "Layer (type)", "Output (N, C, H, W)", "Params",
		"Connected to", rule)
	for _, l := range s.Layers {
		fmt.Fprintf(&b, "%-*s  %-20s  %11s  %s\n", name, l.Name+" ("+l.Type+")",
			fmt.Sprintf("(None, %d, %d, %d)", l.Output[1], l.Output[2], l.Output[3]),
			thousands(l.Params), strings.Join(l.Connected, ", "))
	}
	fmt.Fprintf(&b, "%s\nTotal params: %s\nTrainable params: %s\nNon-trainable params: %s\n",
		rule, thousands(s.Params), thousands(s.Trainable), thousands(s.NonTrainable))
	fmt.Fprintf(&b, "FLOPs per image: %s forward, %s training step (a multiply-add is 2)\n",
		thousands(s.FLOPs.Forward), thousands(s.FLOPs.Train))
	m := s.Memory
	fmt.Fprintf(&b, "Training memory at batch size %d: activations %s, params %s, gradients %s, adam %s\n", s.BatchSize,
		mebibytes(m.Activations), mebibytes(m.Params), mebibytes(m.Gradients), mebibytes(m.Optimizer))
	_, err := io.WriteString(w, b.String())
	return err
}
