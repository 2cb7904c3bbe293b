// Package infer runs a trained network: it opens a weights file on a device, predicts and evaluates. It is the package
// for other Go programs to import.
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
	"resnet/data/picture"
	"resnet/nn"
	"resnet/nn/device"
	"resnet/nn/models"
	"resnet/nn/weights"
)

// DefaultBatch is the batch size of a model that Open opens.
const DefaultBatch = 32

// A Model is the network of a weights file on a device. Several goroutines may call Predict and Evaluate; they take
// turns.
type Model struct {
	metadata weights.Metadata
	backend  nn.Backend
	exec     nn.Executor
	turn     sync.Mutex
}

// Open opens the weights file at path on the device with the name on: device.Auto, "cpu", "cuda" or "cuda:1".
func Open(path, on string) (*Model, error) {
	d := device.Defaults()
	d.Device = on
	b, err := d.Open(device.Options{})
	if err != nil {
		return nil, err
	}
	return OpenOn(b, path, DefaultBatch)
}

// OpenOn opens the weights file at path on a backend for batches of up to batch images; more images are split into
// several batches. The model owns the backend: Close closes it, and so does OpenOn when it returns an error.
func OpenOn(b nn.Backend, path string, batch int) (m *Model, err error) {
	defer func() {
		if m == nil {
			err = errors.Join(err, b.Close())
		}
	}()
	f, err := weights.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	metadata, err := f.Metadata()
	if err != nil {
		return nil, err
	}
	m, err = build(b, metadata, batch)
	if err != nil {
		return nil, err
	}
	if err := f.Load(m.exec, m.Graph()); err != nil {
		return nil, errors.Join(err, m.exec.Close())
	}
	return m, nil
}

// New builds the network that the metadata describe on a backend, which the model owns as in OpenOn. Its parameters are
// zeros.
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

// Close releases the network and its backend.
func (m *Model) Close() error { return errors.Join(m.exec.Close(), m.backend.Close()) }

// Metadata is the metadata of the weights file.
func (m *Model) Metadata() weights.Metadata { return m.metadata }

// Graph is the network.
func (m *Model) Graph() *nn.Graph { return m.exec.Plan().Graph }

// Executor is the network on its device, for reading and writing tensors while no other goroutine uses the model.
func (m *Model) Executor() nn.Executor { return m.exec }

// Classes are the names of the classes by label; they are numbers where the weights file has no names.
func (m *Model) Classes() []string {
	names := make([]string, m.metadata.Model.Classes)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	copy(names, m.metadata.Classes)
	return names
}

// ReadPicture reads a picture file and scales it to the network's input; see [picture.Read].
func (m *Model) ReadPicture(path string, invert bool) (*picture.Picture, error) {
	c := m.metadata.Model
	return picture.Read(path, c.Height, c.Width, c.Channels, invert)
}

// ReadImage returns the pixels of ReadPicture.
func (m *Model) ReadImage(path string, invert bool) ([]byte, error) {
	p, err := m.ReadPicture(path, invert)
	if err != nil {
		return nil, err
	}
	return p.Pixels, nil
}

// Predict returns the probabilities of the classes for each image of pixels, which holds the H x W x C bytes of one or
// more images one after another.
func (m *Model) Predict(pixels []byte) ([][]float32, error) {
	m.turn.Lock()
	defer m.turn.Unlock()
	g := m.Graph()
	return Predict(m.exec, pixels, len(pixels)/g.Elems(g.Images, 1))
}

// Evaluate evaluates the network on all images of a set; see the function Evaluate. The result has the names of the
// classes.
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
