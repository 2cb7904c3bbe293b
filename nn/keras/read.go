package keras

import (
	"cmp"
	"fmt"

	"resnet/nn"
	"resnet/nn/hdf5"
	"resnet/nn/internal/regular"
)

// Read reads the weights of a Keras model that has the architecture of g: parameters and running statistics in the
// layout of nn.Ref. The file has one of the formats that Write writes, saved by Keras 3, or is an .h5 of Keras 2; which
// one is told by its content. Weights may have 16, 32 or 64 bits, layers may be in models that are layers of the model,
// and the members of an archive may be deflated. Layers are matched by name if the file has all names of g, otherwise
// by their connections if the file has the model's configuration, otherwise by their order, if the file tells it. Every
// array must be used and have the right shape, and its numbers be finite. Strides, epsilons and other arguments are not
// compared.
func Read(path string, g *nn.Graph) (map[nn.Value][]float32, error) {
	m, err := convert(g)
	if err != nil {
		return nil, fmt.Errorf("keras: %w", err)
	}
	f, err := formatIn(path)
	if err != nil {
		return nil, err
	}
	s := &saved{}
	if f == Archive {
		err = s.openArchive(path, m.largestFile())
	} else {
		err = s.openH5(path)
	}
	defer s.close()
	if err != nil {
		return nil, fmt.Errorf("keras: %w", err)
	}
	pairs, err := m.match(s)
	if err != nil {
		return nil, fmt.Errorf("keras: %s: %w", path, err)
	}
	values := map[nn.Value][]float32{}
	for _, p := range pairs {
		if err := p.load(path, g, values); err != nil {
			return nil, fmt.Errorf("keras: %w", err)
		}
	}
	return values, nil
}

// formatIn returns the format of a file by its first bytes. Where they are no format's, its name decides, so that the
// error is of what the file should be.
func formatIn(path string) (Format, error) {
	f, err := FormatOf(path)
	file, _, failed := regular.Open("keras", path)
	if failed != nil {
		return 0, cmp.Or(err, failed)
	}
	defer file.Close()
	var start [4]byte
	_, _ = file.ReadAt(start[:], 0) // a shorter file has no format's
	switch string(start[:]) {
	case "PK\x03\x04":
		return Archive, nil
	case "\x89HDF":
		return H5, nil
	}
	return f, err
}

// largestFile is how many bytes a file of the model's weights may have in memory: for each weight eight numbers of
// eight bytes, as an optimiser's state may be in it too, and what is not weights.
func (m *model) largestFile() int64 {
	n := int64(64 << 20)
	for i := range m.layers {
		for k := range m.layers[i].weights {
			n += 8 * 8 * int64(elements(m.layers[i].weights[k].shape))
		}
	}
	return n
}

func (s *saved) openH5(path string) error {
	f, err := hdf5.Open(path)
	if err != nil {
		return err
	}
	s.open = f
	return s.read(f)
}

func (s *saved) openArchive(path string, most int64) error {
	f, size, err := regular.Open("keras", path)
	if err != nil {
		return err
	}
	s.open = f
	return s.readArchive(f, size, most, path)
}

// close closes the file, of which the arrays are read last.
func (s *saved) close() {
	if s.open != nil {
		s.open.Close()
	}
}
