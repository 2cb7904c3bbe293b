// Package data finds, fetches, verifies and reads data sets of images, and makes the random draws over them: the order
// of an epoch, the split into training and validation images.
//
// Pixels are bytes in NHWC order as the files have them; scaling and normalising is the network's affair. Of this
// module the package imports only [resnet/data/atomicfile].
package data

import (
	"context"
	"fmt"
)

// Set is a set of labelled images of one size in memory.
type Set struct {
	N, H, W, C int     // images, rows, columns, channels
	Pixels     []byte  // N*H*W*C, NHWC
	Labels     []uint8 // N, each below the number of classes
}

// Len returns the number of images.
func (s *Set) Len() int { return s.N }

// Image returns the H*W*C bytes of image i. They are the set's own memory: read, do not write.
func (s *Set) Image(i int) []byte {
	n := s.H * s.W * s.C
	return s.Pixels[i*n : (i+1)*n : (i+1)*n]
}

// Source is an opened data set.
type Source struct {
	Name       string   // as in Options.Dataset
	ClassNames []string // one for each label, by value
	Train      *Set
	Test       *Set
	Dir        string // where it was found
	Checksum   string // identifies the data: SHA-256, in hex, of the SHA-256 sums of the four uncompressed files
}

// Names of the data sets that [Open] knows.
const (
	FashionMNIST = "fashion-mnist"
	IDX          = "idx"
)

// Options says which data set to open and where it may come from. The zero value is Fashion-MNIST from this machine.
type Options struct {
	// Dataset is FashionMNIST, the default, or IDX: any four files in MNIST's format.
	Dataset string

	// Dir holds the files. For FashionMNIST empty means: search (see Open); if set, it is the only place looked at.
	Dir string

	// Classes is the number of classes of an IDX data set; 0 means the largest label + 1.
	Classes int

	// Download allows Open to fetch FashionMNIST into the user cache when no place on this machine has it.
	Download bool

	// Progress, if not nil, is called from time to time during a download; total is -1 while unknown.
	Progress func(file string, done, total int64)

	// Log, if not nil, is told about things that went wrong without stopping the work; one line, no newline.
	Log func(format string, args ...any)
}

func (o *Options) logf(format string, args ...any) {
	if o.Log != nil {
		o.Log(format, args...)
	}
}

func (o *Options) progress(file string, done, total int64) {
	if o.Progress != nil {
		o.Progress(file, done, total)
	}
}

// Open reads a data set into memory.
//
// Fashion-MNIST is taken from the first of these that has all four files intact: Options.Dir and nowhere else if it is
// set; $RESNET_DATA; resnet/fashion-mnist in the user cache directory; /usr/share/datasets/fashion-mnist (Debian's package
// dataset-fashion-mnist); and, if Options.Download is set, the publisher's mirrors. The files may be plain or gzip, and
// their uncompressed content must have the published SHA-256. Data found compressed in the last three is kept
// uncompressed in the user cache, because inflating it costs ten times more than reading and verifying it.
//
// IDX takes the four files from Options.Dir, or from $RESNET_DATA if that is empty: train-images-idx3-ubyte,
// train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, with or without .gz, also spelt with a dot
// (train-images.idx3-ubyte). Training and test images have one size, H and W in the sets. Class names are "0", "1", ...
//
// An error names the file, or every place tried and why it did not do.
func Open(ctx context.Context, o Options) (*Source, error) {
	src, err := open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return src, nil
}

func open(ctx context.Context, o Options) (*Source, error) {
	switch o.Dataset {
	case "", FashionMNIST:
		return fashionMNIST().open(ctx, o)
	case IDX:
		return openIDX(ctx, o)
	}
	return nil, unknown(o.Dataset)
}

// Fetch downloads a data set that is published on the web into Options.Dir, or into the user cache if that is empty, and
// returns the directory. Files already there and intact are left alone. A broken transfer leaves a .part file behind,
// from which the next one goes on. Each file is checked against its published SHA-256 before it gets its name.
func Fetch(ctx context.Context, o Options) (dir string, err error) {
	switch o.Dataset {
	case "", FashionMNIST:
		dir, err = fashionMNIST().fetch(ctx, o)
	case IDX:
		err = fmt.Errorf("dataset %q is files of your own, there is nothing to fetch", IDX)
	default:
		err = unknown(o.Dataset)
	}
	if err != nil {
		return "", fmt.Errorf("data: %w", err)
	}
	return dir, nil
}

func unknown(dataset string) error {
	return fmt.Errorf("unknown dataset %q, want %s or %s", dataset, FashionMNIST, IDX)
}
