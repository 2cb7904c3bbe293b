package keras

import (
	"archive/zip"
	"fmt"
	"io"
	"os"

	"resnet/nn"
	"resnet/nn/hdf5"
)

// maxConfig limits the memory that a damaged archive can make us allocate.
const maxConfig = 100_000_000

// Read reads the weights of a Keras model that has the architecture of g: parameters and running statistics in the
// layout of nn.Ref. The file has one of the formats that Write writes, saved by Keras 3, or is an .h5 of Keras 2.
// Layers are matched by name if the file has all names of g, otherwise by their connections if the file has the model's
// configuration, otherwise by their order. Every array must be used and have the right shape. Strides, epsilons and
// other arguments are not compared.
func Read(path string, g *nn.Graph) (map[nn.Value][]float32, error) {
	f, err := FormatOf(path)
	if err != nil {
		return nil, err
	}
	m, err := convert(g)
	if err != nil {
		return nil, fmt.Errorf("keras: %w", err)
	}
	s := &saved{}
	defer s.close()
	if f == Archive {
		err = s.openArchive(path)
	} else {
		err = s.openH5(path)
	}
	if err != nil {
		return nil, fmt.Errorf("keras: %w", err)
	}
	pairs, err := m.match(s)
	if err != nil {
		return nil, fmt.Errorf("keras: %s: %w", path, err)
	}
	values := map[nn.Value][]float32{}
	for _, p := range pairs {
		arrays, err := p.load()
		if err != nil {
			return nil, fmt.Errorf("keras: %w", err)
		}
		for i, x := range arrays {
			values[p.ours.weights[i].value] = x
		}
	}
	return values, nil
}

// saved is the content of a file: the layers that have weights, in Keras' order as far as the file tells it, and the
// configuration of the model if there is one.
type saved struct {
	layers []savedLayer
	config []byte
	open   []io.Closer
}

type savedLayer struct {
	name   string
	arrays []*hdf5.Object
	shapes [][]int
}

func (s *saved) close() {
	for _, c := range s.open {
		c.Close()
	}
}

func (s *saved) openH5(path string) error {
	f, err := hdf5.Open(path)
	if err != nil {
		return err
	}
	s.open = append(s.open, f)
	return s.read(f)
}

// openArchive reads the members in place, without unpacking the archive.
func (s *saved) openArchive(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	s.open = append(s.open, file)
	info, err := file.Stat()
	if err != nil {
		return err
	}
	z, err := zip.NewReader(file, info.Size())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	config, err := member(file, z, configMember)
	if err == nil && config.Size() > maxConfig {
		err = fmt.Errorf("%s: %d bytes, want at most %d", configMember, config.Size(), maxConfig)
	}
	if err == nil {
		s.config, err = io.ReadAll(config)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	weights, err := member(file, z, weightsMember)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f, err := hdf5.New(weights, weights.Size(), path+"/"+weightsMember)
	if err != nil {
		return err
	}
	return s.read(f)
}

func member(file io.ReaderAt, z *zip.Reader, name string) (*io.SectionReader, error) {
	for _, m := range z.File {
		if m.Name != name {
			continue
		}
		if m.Method != zip.Store {
			return nil, fmt.Errorf("%s: compressed, want it stored as Keras does", name)
		}
		at, err := m.DataOffset()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return io.NewSectionReader(file, at, int64(m.UncompressedSize64)), nil
	}
	return nil, fmt.Errorf("no %s (not a Keras archive?)", name)
}

// read reads a file in either of the two HDF5 formats of Keras.
func (s *saved) read(f *hdf5.File) error {
	root, err := f.Object("")
	if err != nil {
		return err
	}
	if root.Has(layersGroup) {
		return s.readLayers(root)
	}
	if config, ok, err := root.Strings(modelConfig); err != nil {
		return err
	} else if ok && len(config) == 1 {
		s.config = []byte(config[0])
	}
	if root.Has(modelWeights) {
		if root, err = root.Object(modelWeights); err != nil {
			return err
		}
	}
	return s.readNamed(root)
}
