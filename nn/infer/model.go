// Package infer runs a trained network: it opens a weights file on a device, predicts and evaluates. It is what another
// Go program imports.
//
//	model, err := infer.Open("best.safetensors", device.Auto)
//	if err != nil {
//		return err
//	}
//	defer model.Close()
//	pixels, err := model.ReadImage("boot.png", false)
//	if err != nil {
//		return err
//	}
//	probabilities, err := model.Predict(pixels)
package infer

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"resnet/data"
	"resnet/nn"
	"resnet/nn/device"
	"resnet/nn/models"
	"resnet/nn/weights"
)

// DefaultBatch is how many images Open's model takes at once.
const DefaultBatch = 32

// A Model is a weights file's network on a device. Several goroutines may use it; they take turns.
type Model struct {
	metadata weights.Metadata
	backend  nn.Backend
	exec     nn.Executor
	turn     sync.Mutex
}

// Open opens the weights file at path on a device by name: device.Auto, "cpu", "cuda" or "cuda:1".
func Open(path, on string) (*Model, error) {
	d := device.Defaults()
	d.Device = on
	b, err := d.Open(device.Options{})
	if err != nil {
		return nil, err
	}
	return OpenOn(b, path, DefaultBatch)
}

// OpenOn opens the weights file at path on a backend, which the model takes over, for batches of so many images. More
// images than that go through in several batches.
func OpenOn(b nn.Backend, path string, batch int) (m *Model, err error) {
	defer func() {
		if m == nil {
			err = errors.Join(err, b.Close())
		}
	}()
	metadata, err := weights.ReadMetadata(path)
	if err != nil {
		return nil, err
	}
	m, err = build(b, metadata, batch)
	if err != nil {
		return nil, err
	}
	if err := weights.Load(path, m.exec, m.Graph()); err != nil {
		return nil, errors.Join(err, m.exec.Close())
	}
	return m, nil
}

// New makes the network that metadata speak of, its parameters zeros, on a backend, which the model takes over.
func New(b nn.Backend, metadata weights.Metadata, batch int) (*Model, error) {
	m, err := build(b, metadata, batch)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return m, nil
}

func build(b nn.Backend, metadata weights.Metadata, batch int) (*Model, error) {
	g, err := models.Build(metadata.Model)
	if err != nil {
		return nil, err
	}
	exec, err := b.Compile(g, nn.PlanConfig{Batch: batch})
	if err != nil {
		return nil, err
	}
	return &Model{metadata: metadata, backend: b, exec: exec}, nil
}

// Close gives the device back.
func (m *Model) Close() error { return errors.Join(m.exec.Close(), m.backend.Close()) }

// Metadata is what the weights file says about itself.
func (m *Model) Metadata() weights.Metadata { return m.metadata }

// Graph is the network.
func (m *Model) Graph() *nn.Graph { return m.exec.Plan().Graph }

// Executor is the network on its device, for reading and writing tensors while nobody else uses the model.
func (m *Model) Executor() nn.Executor { return m.exec }

// Classes are the classes' names by label: numbers where the weights file names none.
func (m *Model) Classes() []string {
	names := make([]string, m.metadata.Model.Classes)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	copy(names, m.metadata.Classes)
	return names
}

// ReadImage reads a picture as the network wants it; see data.ReadImageFile.
func (m *Model) ReadImage(path string, invert bool) ([]byte, error) {
	c := m.metadata.Model
	return data.ReadImageFile(path, c.Height, c.Width, c.Channels, invert)
}

// Predict gives the probabilities of the classes for each of some images, whose H x W x C bytes lie one after another
// in pixels.
func (m *Model) Predict(pixels []byte) ([][]float32, error) {
	m.turn.Lock()
	defer m.turn.Unlock()
	g := m.Graph()
	return Predict(m.exec, pixels, len(pixels)/g.Elems(g.Images, 1))
}

// Evaluate runs the network on all images of a set and names the classes. The error is ctx's where that ended.
func (m *Model) Evaluate(ctx context.Context, set *data.Set) (*Evaluation, error) {
	m.turn.Lock()
	defer m.turn.Unlock()
	e, err := Evaluate(ctx, m.exec, set, nil)
	if err != nil {
		return nil, err
	}
	for i, name := range m.Classes() {
		e.Classes[i].Name = name
	}
	return e, nil
}
