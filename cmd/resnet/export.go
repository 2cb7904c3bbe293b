package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/bench"
	"resnet/nn"
	"resnet/nn/cpu"
	"resnet/nn/infer"
	"resnet/nn/keras"
	"resnet/nn/onnx"
	"resnet/nn/weights"
)

// The formats of export and import.
const (
	toONNX        = "onnx"
	toKeras       = "keras"
	toSafetensors = "safetensors"
)

// onlyONNX are the options of export that no other format has.
var onlyONNX = []string{"fold", "softmax", "bytes", "batch", "opset"}

func exportCommand() *cli.Command {
	return &cli.Command{
		Name: "export", Usage: "write a network for other programs",
		Description: `onnx         a model for onnxruntime, OpenCV and others: float32 images N,C,H,W
             from 0 to 1 in, logits out, normalisation inside. It names the lowest
             opset that its operators need, so that older runtimes take it too.
keras        a model for Keras 3: images N,H,W,C from 0 to 255 in, probabilities
             out. FILE.keras and FILE.h5 hold all of it; FILE.weights.h5 holds
             weights, and its architecture comes beside it as FILE.json.
safetensors  a checked copy of the weights file, which PyTorch loads as a state
             dict as it is; needs -o.

What a model's users need not have is left out: the optimiser's state, the loss,
augmentation. Without -o the file is written beside the weights. Its name is
printed.

examples:
   resnet export --weights runs/DIR/weights/best.safetensors --to onnx
   resnet export --weights FILE -o model.onnx --fold --softmax --bytes --batch 1
   resnet export --weights FILE -o model.keras
   resnet export --weights FILE --to safetensors -o model.safetensors`,
		Flags: []cli.Flag{
			weightsFlag(),
			choice("to", "", "format; without it -o's extension decides", toONNX, toKeras, toSafetensors),
			outputFlag("the model"),
			boolFlag("fold", "onnx: batch norm becomes part of the convolution before it"),
			boolFlag("softmax", "onnx: probabilities out, not logits"),
			boolFlag("bytes", "onnx: bytes N,H,W,C in, as image files hold them"),
			&cli.IntFlag{Name: "batch", Usage: "onnx: images that the model takes at once", DefaultText: "any number"},
			&cli.IntFlag{
				Name: "opset", Usage: "onnx: version of the operators", DefaultText: "the lowest that will do",
			},
		},
		Action: runExport,
	}
}

func runExport(c *cli.Context) (err error) {
	if err := noArguments(c); err != nil {
		return err
	}
	weights := c.String("weights")
	if weights == "" {
		return noWeights(c)
	}
	to, path, err := exportTarget(c, weights)
	if err != nil {
		return err
	}
	b, err := cpu.New(cpu.Config{})
	if err != nil {
		return err
	}
	m, err := infer.OpenOn(b, weights, 1)
	if err != nil {
		return err
	}
	defer closeInto(&err, m)
	write, err := exporter(c, m, to, path)
	if err != nil {
		return err
	}
	if err := writeOutput(path, write); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(c.App.Writer, path); err != nil {
		return err
	}
	if f, err := keras.FormatOf(path); to == toKeras && err == nil && f == keras.Weights {
		return exportArchitecture(c.App.Writer, m.Graph(), path)
	}
	return nil
}

// exportTarget returns the format and the file to write.
func exportTarget(c *cli.Context, weights string) (to, path string, err error) {
	to, path = c.String("to"), c.String("output")
	if to == "" {
		if to = formatByName(path); to == "" {
			return "", "", usagef("export: no format given, want --to onnx, keras or safetensors, " +
				"or -o FILE.onnx, .keras, .h5 or .safetensors")
		}
	}
	for _, name := range onlyONNX {
		if to != toONNX && c.IsSet(name) {
			return "", "", usagef("--%s with --to %s: only onnx has it", name, to)
		}
	}
	if n := c.Int("batch"); c.IsSet("batch") && n < 1 {
		return "", "", usagef("--batch %d, want at least 1, or none for any number", n)
	}
	if n := c.Int("opset"); c.IsSet("opset") && (n < onnx.MinOpset || n > onnx.MaxOpset) {
		return "", "", usagef("--opset %d, want %d to %d", n, onnx.MinOpset, onnx.MaxOpset)
	}
	if path == "" {
		if to == toSafetensors {
			return "", "", usagef("export: no output given, want -o FILE (%s is such a file already)", weights)
		}
		path = strings.TrimSuffix(weights, filepath.Ext(weights)) + "." + to
	}
	if to == toKeras {
		_, err = keras.FormatOf(path)
	}
	return to, path, asUsage(err)
}

// formatByName returns the format of a file name's extension, or "".
func formatByName(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".onnx":
		return toONNX
	case ".keras", ".h5", ".hdf5":
		return toKeras
	case ".safetensors":
		return toSafetensors
	}
	return ""
}

// exporter returns a function that writes the network in the format to.
func exporter(c *cli.Context, m *infer.Model, to, path string) (func(io.Writer) error, error) {
	g := m.Graph()
	params := onnx.FromExecutor(m.Executor(), g)
	switch to {
	case toKeras:
		f, err := keras.FormatOf(path)
		return func(w io.Writer) error { return keras.Write(w, f, g, params) }, err
	case toSafetensors:
		return func(w io.Writer) error { return weights.Save(w, m.Executor(), g, m.Metadata()) }, nil
	}
	o := onnx.Options{
		Fold: c.Bool("fold"), Softmax: c.Bool("softmax"), Bytes: c.Bool("bytes"), Batch: c.Int("batch"),
		Opset:    c.Int("opset"),
		Metadata: m.Metadata(), Version: bench.Version(),
	}
	return func(w io.Writer) error { return onnx.Write(w, g, params, o) }, nil
}

// exportArchitecture writes the architecture, which FILE.weights.h5 lacks, to FILE.json.
func exportArchitecture(w io.Writer, g *nn.Graph, weights string) error {
	config, err := keras.Config(g)
	if err != nil {
		return err
	}
	path := strings.TrimSuffix(weights, ".weights.h5") + ".json"
	err = writeOutput(path, func(w io.Writer) error {
		_, err := w.Write(config)
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, path)
	return err
}
