package data

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"resnet/data/memory"
	"resnet/data/picture"
	"resnet/data/terminal"
)

// folderSplit is pictures in folders. load decodes them.
type folderSplit struct {
	src   *Source // gets notes and the checksum
	files []classPicture
	label map[string]int32
}

// load implements split. All pictures are scaled to one size, as for a prediction; those that cannot be read are passed
// over and named in a note.
func (s *folderSplit) load(ctx context.Context, o *Options) (*Set, error) {
	size := cmp.Or(o.Size, defaultSize)
	if size.C != 1 && size.C != 3 || size.H < 1 || size.W < 1 {
		return nil, fmt.Errorf("%s: pictures wanted as %v, want 1 or 3 channels and sides of at least 1", s.src.Dir,
			size)
	}
	need, ok := size.bytes(len(s.files))
	err := memory.Fits(need)
	if !ok {
		err = errors.New("more than any machine has")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %d pictures as %v: %w (--input CxHxW makes them smaller)", s.src.Dir,
			len(s.files), size, err)
	}
	o.logf("data: %s: reading %d pictures of %d classes as %v, %s", s.src.Dir, len(s.files), len(s.label), size,
		memory.Format(need))
	set := &Set{C: size.C, H: size.H, W: size.W, Pixels: make([]byte, need)}
	sums, errs := make([][sha256.Size]byte, len(s.files)), make([]error, len(s.files))
	each := size.C * size.H * size.W
	err = inParallel(ctx, len(s.files), func(i int) {
		sums[i], errs[i] = readInto(set.Pixels[i*each:(i+1)*each], s.files[i].path, size)
	})
	if err != nil {
		return nil, err
	}
	return s.compact(set, sums, errs)
}

// readInto reads a picture into pixels, and returns the SHA-256 of its file.
func readInto(pixels []byte, path string, size Size) (sum [sha256.Size]byte, err error) {
	p, err := picture.Read(path, size.H, size.W, size.C, false)
	if err != nil {
		return sum, err
	}
	copy(pixels, p.Pixels)
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return [sha256.Size]byte(h.Sum(nil)), err
}

// inParallel calls f with 0 to n-1 on as many goroutines as there are processors, until ctx ends.
func inParallel(ctx context.Context, n int, f func(i int)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

// compact leaves out the pictures that could not be read, labels the others, and adds them to the checksum.
func (s *folderSplit) compact(set *Set, sums [][sha256.Size]byte, errs []error) (*Set, error) {
	each := set.C * set.H * set.W
	h := sha256.New()
	io.WriteString(h, s.src.Checksum)
	var failed []error
	for i, f := range s.files {
		if errs[i] != nil {
			failed = append(failed, errs[i])
			continue
		}
		copy(set.Pixels[set.N*each:], set.Pixels[i*each:(i+1)*each])
		set.N++
		set.Labels = append(set.Labels, s.label[f.class])
		fmt.Fprintf(h, "%q %x\n", f.rel, sums[i])
	}
	set.Pixels = set.Pixels[:set.N*each]
	s.src.Checksum = hex.EncodeToString(h.Sum(nil))
	const most = 5
	for _, err := range failed[:min(most, len(failed))] {
		s.src.note("passed over: %s", terminal.Printable(err.Error()))
	}
	if n := len(failed) - most; n > 0 {
		s.src.note("passed over: %d more pictures that cannot be read", n)
	}
	if set.N == 0 {
		return nil, fmt.Errorf("%s: none of %d pictures can be read: %w", s.src.Dir, len(s.files), failed[0])
	}
	return set, nil
}
