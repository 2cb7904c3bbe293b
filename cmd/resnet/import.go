package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/urfave/cli/v2"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/cpu"
	"resnet/nn/infer"
	"resnet/nn/keras"
	"resnet/nn/models"
	"resnet/nn/weights"
)

func importCommand() *cli.Command {
	flags := []cli.Flag{
		choice("from", "", "format; without it FILE's extension decides", toKeras, toSafetensors),
		outputFlag("the weights"),
	}
	flags = append(append(flags, modelFlags()...), shapeFlags()...)
	flags = append(flags, datasetFlag("what the weights were trained on: ", data.FashionMNIST))
	return &cli.Command{
		Name: "import", Usage: "take weights from another program", ArgsUsage: "FILE",
		Description: `Writes a weights file as train does. Which network the weights are for is said by
the options: every array must be there, be used and have its shape. That the
networks compute the same besides (strides, epsilons) is not checked; eval tells.

keras        FILE.keras, FILE.h5 (or .hdf5) or FILE.weights.h5 of Keras 3, or an .h5 of
             Keras 2; models in models and weights of 16 bits too
safetensors  a PyTorch state dict with this program's names, which summary lists

ONNX files are written (see export), not read. Nor are PyTorch's own .pt files,
which run code when they are opened: in Python, safetensors.torch.save_file writes
their state dict as safetensors.

examples:
   resnet import model.keras -o mine.safetensors
   resnet import --from safetensors state.safetensors --base-channels 32 -o mine.safetensors
   resnet eval --weights mine.safetensors`,
		Flags: flags, Action: runImport,
	}
}

func runImport(c *cli.Context) (err error) {
	if c.NArg() != 1 {
		return usagef("import: %d files given, want one: resnet import FILE -o FILE", c.NArg())
	}
	file, output := c.Args().First(), c.String("output")
	from := c.String("from")
	if from == "" {
		from = formatByName(file)
	}
	switch {
	case from != toKeras && from != toSafetensors:
		return usagef("import: %s: want a file of keras or safetensors, or --from to say so; "+
			"others are not read (see import --help)", file)
	case output == "":
		return usagef("import: no output given, want -o FILE.safetensors")
	}
	metadata, err := importMetadata(c)
	if err != nil {
		return err
	}
	b, err := cpu.New(cpu.Config{})
	if err != nil {
		return err
	}
	m, err := infer.New(b, metadata, 1)
	if err != nil {
		return asUsage(err)
	}
	defer closeInto(&err, m)
	if from == toKeras {
		err = readKeras(file, m)
	} else {
		err = weights.Import(file, m.Executor(), m.Graph(), notes(c))
	}
	if err != nil {
		return err
	}
	save := func(w io.Writer) error { return weights.Save(w, m.Executor(), m.Graph(), m.Metadata()) }
	if err := writeOutput(output, save); err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.App.Writer, output)
	return err
}

// importMetadata returns the metadata of the new weights file.
func importMetadata(c *cli.Context) (m weights.Metadata, err error) {
	if m.Model, err = shapedModelOf(c); err != nil {
		return m, err
	}
	d, err := data.Lookup(c.String("dataset"))
	if err != nil {
		return m, asUsage(err)
	}
	if d.Name == data.Auto {
		return m, usagef("--dataset %s: an import has no data to look at; want the name of what the weights were "+
			"trained on", d.Name)
	}
	m.Dataset, m.Classes = d.Name, d.Classes
	m.Model.Mean, m.Model.Std = models.PerChannelOf(d.Mean), models.PerChannelOf(d.Std)
	for i := len(m.Classes); d.Classes == nil && i < m.Model.Classes; i++ {
		m.Classes = append(m.Classes, strconv.Itoa(i))
	}
	if len(m.Classes) != m.Model.Classes {
		return m, usagef("--classes %d with --dataset %s, which has %d", m.Model.Classes, m.Dataset, len(m.Classes))
	}
	return m, nil
}

// readKeras reads a file's weights into the network.
func readKeras(path string, m *infer.Model) error {
	values, err := keras.Read(path, m.Graph())
	if err != nil {
		return err
	}
	for v, x := range values {
		if err := m.Executor().Write(nn.Ref{Value: v}, nn.Bytes(x)); err != nil {
			return err
		}
	}
	return nil
}
