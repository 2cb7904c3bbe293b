package data

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The four files of a data set in MNIST's format, as indices of every array of four in this package.
const (
	trainImages = iota
	trainLabels
	testImages
	testLabels
)

var (
	stems = [4]string{
		"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
	}
	magics = [4]uint32{magicImages, magicLabels, magicImages, magicLabels}
)

// missingError means that a file or directory is absent, as opposed to present and damaged.
type missingError string

func (e missingError) Error() string { return string(e) }

func isMissing(err error) bool {
	var m missingError
	return errors.As(err, &m)
}

// file is one of the four files with its content; or, with err set, the reason why it cannot be used.
type file struct {
	path   string // empty if missing
	size   int64  // bytes on disk
	zipped bool
	idx    *idx
	sum    string // SHA-256 of the uncompressed file, in hex
	err    error
}

// readFiles reads the four files of dir concurrently. Each may be plain, .gz, or spelt with a dot. Of several the first
// whose content has the SHA-256 in want is taken or, if want is nil, the first.
func readFiles(dir string, want *[4]string) [4]file {
	var files [4]file
	var wg sync.WaitGroup
	for i := range files {
		wg.Go(func() {
			for _, name := range spellings(stems[i]) {
				f := readFile(filepath.Join(dir, name), i)
				if f.err == nil && want != nil {
					f.err = f.verify(want[i])
				}
				switch {
				case isMissing(f.err):
					continue
				case files[i].path == "" || f.err == nil:
					files[i] = f // the first error is the one to report, unless a later spelling is good
				}
				if f.err == nil || want == nil {
					return
				}
			}
			if files[i].path == "" {
				files[i].err = missingError(stems[i] + "[.gz] not found")
			}
		})
	}
	wg.Wait()
	return files
}

// spellings lists the names under which a file is looked for, the cheapest to read first.
func spellings(stem string) []string {
	dotted := strings.Replace(stem, "-idx", ".idx", 1)
	return []string{stem, dotted, stem + ".gz", dotted + ".gz"}
}

// readFile reads the file at path as number kind of the four.
func readFile(path string, kind int) file {
	f := file{path: path}
	f.idx, f.err = func() (*idx, error) {
		info, err := os.Stat(path) // before opening, which would wait for a writer if this were a pipe
		if err != nil {
			return nil, osReason(err)
		}
		if !info.Mode().IsRegular() {
			return nil, errors.New("not a regular file")
		}
		r, err := os.Open(path)
		if err != nil {
			return nil, osReason(err)
		}
		defer r.Close()
		f.size = info.Size()
		return readIDX(r, magics[kind])
	}()
	if f.err != nil {
		f.err = fmt.Errorf("%s: %w", filepath.Base(path), f.err)
		return f
	}
	f.zipped = f.size != int64(len(f.idx.raw))
	sum := sha256.Sum256(f.idx.raw)
	f.sum = hex.EncodeToString(sum[:])
	return f
}

// osReason strips the operation and the path from an error of package os; messages here name the file already.
func osReason(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return missingError("not found")
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

func (f *file) verify(want string) error {
	if f.sum != want {
		return fmt.Errorf("%s: sha256 of the content %.12s..., want %.12s... as published",
			filepath.Base(f.path), f.sum, want)
	}
	return nil
}

// firstError returns what is wrong with dir, nil if nothing is.
func firstError(dir string, files [4]file) error {
	allMissing := true
	for _, f := range files {
		allMissing = allMissing && isMissing(f.err)
	}
	if allMissing {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return missingError("no such directory")
		}
		return missingError("none of the four files is there (" + stems[0] + "[.gz], ...)")
	}
	for _, f := range files {
		if f.err != nil {
			return f.err
		}
	}
	return nil
}

// assemble makes a Source of four files that were read without error, and checks that they fit together. If classes is
// 0, the number of classes is the largest label + 1.
func assemble(name, dir string, files [4]file, classes int) (*Source, error) {
	train, err := newSet(files[trainImages], files[trainLabels])
	if err != nil {
		return nil, err
	}
	test, err := newSet(files[testImages], files[testLabels])
	if err != nil {
		return nil, err
	}
	if train.H != test.H || train.W != test.W {
		return nil, fmt.Errorf("test images are %dx%d, training images %dx%d", test.H, test.W, train.H, train.W)
	}
	if classes == 0 {
		classes = 1 + int(max(slices.Max(train.Labels), slices.Max(test.Labels)))
	}
	for _, f := range []file{files[trainLabels], files[testLabels]} {
		for i, l := range f.idx.content() {
			if int(l) >= classes {
				return nil, fmt.Errorf("%s: label %d of image %d is not below the number of classes, %d",
					filepath.Base(f.path), l, i, classes)
			}
		}
	}
	src := &Source{Name: name, Dir: dir, Train: train, Test: test, Checksum: checksum(files)}
	for c := range classes {
		src.ClassNames = append(src.ClassNames, strconv.Itoa(c))
	}
	return src, nil
}

func newSet(images, labels file) (*Set, error) {
	dims := images.idx.dims
	if n := len(labels.idx.content()); n != dims[0] {
		return nil, fmt.Errorf("%s has %d labels for the %d images of %s",
			filepath.Base(labels.path), n, dims[0], filepath.Base(images.path))
	}
	return &Set{
		N: dims[0], H: dims[1], W: dims[2], C: 1, Pixels: images.idx.content(), Labels: labels.idx.content(),
	}, nil
}

// checksum returns the SHA-256, in hex, of the SHA-256 sums of the uncompressed files.
func checksum(files [4]file) string {
	h := sha256.New()
	for _, f := range files {
		sum, _ := hex.DecodeString(f.sum)
		h.Write(sum)
	}
	return hex.EncodeToString(h.Sum(nil))
}
