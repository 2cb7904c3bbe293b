// Package data finds, fetches, verifies and reads data sets of images, and decides by seed how training goes through
// them: the order of an epoch, the split into training and validation images, the augmentation of each image.
//
// Pixels are bytes in NHWC order, as in the files; the network scales and normalises them. [Open] knows the data sets;
// the packages below find and read their files.
package data

import (
	"context"
	"strings"

	"resnet/data/samples"
	"resnet/data/scan"
)

// MaxClasses bounds the number of classes: it is far above that of any data set, so that one stray label does not
// become a network of gigabytes.
const MaxClasses = 1 << 20

// Set is a set of labelled images of one size in memory.
type Set struct {
	N, H, W, C int     // images, rows, columns, channels
	Pixels     []byte  // N*H*W*C, NHWC
	Labels     []int32 // N, each below the number of classes

	sums []samples.Sum // N, of the images' files; nil where they have none of their own
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
	Val        *Set      // for validation; nil where the data set has no such split
	Dir        string    // where it was found
	Checksum   string    // identifies the data: SHA-256, in hex, of the SHA-256 sums of the uncompressed files
	Transposed bool      // rows and columns of the files' images were exchanged, see Options.Transpose
	Mean, Std  []float32 // as in Dataset
	Notes      []string  // what the user should know: classes without images, images that may lie on their side

	Bad []scan.Bad // pictures that cannot be used and were left out, which Options.OnBad allows
}

// Options says which data set to open and where it may come from. The zero value is Fashion-MNIST from this machine.
type Options struct {
	// Dataset is one of [Names]; empty means Auto.
	Dataset string

	// Dir holds the files; that of a Manifest is the table. If it is set, no other place is looked at; if it is empty,
	// Open says where it searches.
	Dir string

	// Classes is the number of classes of an IDX data set, or of another whose files do not name them; 0 means the
	// largest label + 1.
	Classes int

	// Columns names those of a Manifest, see [resnet/data/manifest.Read]; empty: by its header.
	Columns []string

	// Transpose exchanges rows and columns of an IDX data set's images. The files of EMNIST hold them so; the data sets
	// called emnist-... are turned upright without it.
	Transpose bool

	// Size is that to which pictures are scaled, where the data set is Scaled; the zero value means 3x64x64. The images
	// of other data sets must have it, unless it is the zero value.
	Size Size

	// OnBad says what is done about pictures that cannot be used; empty means scan.Skip. With scan.Fail they are an
	// error of type *scan.BadError, after all have been looked at; those that its text does not name are in the log.
	OnBad scan.OnBad

	// Download allows Open to fetch a published data set into the user cache when no place on this machine has it.
	Download bool

	// Progress, if not nil, is called from time to time during a download; total is -1 while unknown.
	Progress func(file string, done, total int64)

	// Log, if not nil, gets messages about failures that the work survives; one line each, without a newline.
	Log func(format string, args ...any)
}

// ParseColumns reads Options.Columns from a list with commas: "path,label,-,split".
func ParseColumns(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
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

// Open reads a data set into memory. [Auto] is whichever the files in Options.Dir are, which Options.Log is told, or
// Fashion-MNIST if Options.Dir is empty.
//
// A published data set, like Fashion-MNIST, is taken from Options.Dir if that is set, and else from the first of these
// that has all its files intact:
//
//   - $RESNET_DATA
//   - resnet/NAME in the user cache directory
//   - /usr/share/datasets/NAME of an operating system's package (Debian's dataset-fashion-mnist)
//   - the publisher's mirrors, if Options.Download is set
//
// Files in MNIST's format may be plain or gzip. What is published of a file's content, its SHA-256 wherever there is
// one, must be so. Data found compressed in one of the last three is kept uncompressed in the user cache, because
// inflating it costs ten times more than reading and verifying it.
//
// CIFAR's binary files are taken from the directory or from the folder in it that their archive makes. CIFARBinary
// takes any files in that format: data_batch_1.bin and so on with test_batch.bin and CIFAR-10's records, or train.bin
// and test.bin with CIFAR-100's. Classes have the names in batches.meta.txt or fine_label_names.txt, a line each.
//
// IDX takes the four files from Options.Dir, or from $RESNET_DATA if that is empty: train-images-idx3-ubyte,
// train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, with or without .gz, also spelt with a
// dot (train-images.idx3-ubyte), with test- for t10k-, or each in a folder of its name. If none of them is there, the
// four may have a prefix, as in emnist-letters-train-images-idx3-ubyte.gz. Labels may also be QMNIST's
// (qmnist-train-labels-idx2-int), of which the first column counts. Training and test images have one size, and there
// are at least two classes, whose names are "0", "1", ...
//
// Folders takes pictures from a folder for each class, Options.Dir/cat, and from those in it; or from such folders in
// train, val (or valid, or validation) and test, of which the last two may be missing: then validation pictures are the
// test split, or else about a fifth of each class is held out, by content. What a file is is told by its content too.
// Hidden files and what is no picture are passed over; a picture that cannot be read is in Source.Bad and named in
// Source.Notes. Classes are called like their folders and numbered in bytewise order.
//
// Manifest takes the pictures that a table lists, see [resnet/data/manifest.Read]: Options.Dir is the table, or a
// folder with one. They are divided and judged as those in folders. Auto takes a folder with one table for a Manifest
// where pictures lie beside it, and none in folders of classes.
//
// Parquet takes the pictures in the files *.parquet of Options.Dir or of the folder data in it, or in a file, as
// Hugging Face publishes data sets, see [resnet/data/parquet.Open]. Classes have the numbers that the files give them.
//
// An error names the bad file, or every place tried and what was wrong there.
func Open(ctx context.Context, o Options) (*Source, error) {
	return dispatch(ctx, o, func(e entry, ctx context.Context, o Options) (*Source, error) {
		src, err := e.open(ctx, o)
		if err != nil {
			return nil, err
		}
		return src, src.hasSize(o.Size)
	})
}

// Fetch downloads a data set that is published on the web into Options.Dir, or into the user cache if that is empty,
// and returns the directory. Files already there and intact are left alone. A broken transfer leaves a .part file that
// the next one continues. Each file is checked against its published SHA-256 before it gets its name or, where the web
// has an archive, before that is unpacked.
func Fetch(ctx context.Context, o Options) (dir string, err error) {
	return dispatch(ctx, o, entry.fetch)
}
