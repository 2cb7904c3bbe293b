package scan

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"os"
	"time"

	"resnet/data/picture"
)

// smallFile is the size up to which a file is read at once, since hashing, inspecting and decoding each read it.
const smallFile = 1 << 20

// worker is what a goroutine uses again for each picture.
type worker struct {
	small [smallFile]byte
	block [1 << 16]byte // of larger files
}

// look fills in the image of sample i. Its error is that of ctx.
func (s *scanner) look(ctx context.Context, w *worker, i int) error {
	name, image := s.set.Samples[i].Path, &s.images[i]
	begin := time.Now()
	f, info, err := picture.Open(s.set.Path(name))
	if err != nil {
		s.fresh.Add(1)
		image.Fail(err)
		return nil
	}
	defer f.Close()
	now := stampOf(info)
	if known, ok := s.known[name]; ok && known.stamp == now && s.serves(&known.Image) {
		*image, s.stamps[i] = known.Image, now
		return nil
	}
	s.fresh.Add(1)
	image.Bytes = info.Size()
	if err := s.inspect(ctx, w, f, image); err != nil {
		if ctx.Err() != nil {
			*image = Image{}
			return ctx.Err()
		}
		image.Fail(err)
	}
	if image.lasting() && now.settled(begin) {
		s.stamps[i] = now
	}
	return nil
}

// serves tells whether what was found under other options is what these would find.
func (s *scanner) serves(m *Image) bool {
	return (m.Decoded || m.Problem != "" || !s.Decode) && int64(m.Width)*int64(m.Height) <= s.MaxPixels
}

// Fail keeps why a picture cannot be used.
func (m *Image) Fail(err error) { m.Fault, m.Problem = picture.FaultOf(err), err.Error() }

// lasting tells whether the next scan would find the same in the same file. Limits may change, and so may what the
// system says.
func (m *Image) lasting() bool {
	return m.Problem == "" || m.Fault != picture.None && m.Fault != picture.TooLarge
}

// inspect hashes, inspects and decodes an open file.
func (s *scanner) inspect(ctx context.Context, w *worker, f *os.File, image *Image) error {
	r, err := w.section(ctx, f, image.Bytes)
	if err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.CopyBuffer(sum, io.NewSectionReader(r, 0, image.Bytes), w.block[:]); err != nil {
		return err
	}
	sum.Sum(image.Sum[:0])
	p, err := picture.Inspect(r)
	if err != nil {
		return err
	}
	image.Head = p.Head
	if err := p.Check(s.MaxPixels); err != nil {
		return err
	}
	if !s.Decode {
		return nil
	}
	need := min(p.Memory, inFlight)
	if err := s.memory.Acquire(ctx, need); err != nil {
		return err
	}
	defer s.memory.Release(need)
	err = p.Decode()
	image.Decoded = err == nil
	return err
}

// section returns a reader of the file, in memory if it is small. After the end of ctx it reads no more.
func (w *worker) section(ctx context.Context, f *os.File, size int64) (*io.SectionReader, error) {
	if size > smallFile {
		return io.NewSectionReader(interruptible{ctx, f}, 0, size), nil
	}
	b := w.small[:size]
	n, err := f.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	return io.NewSectionReader(bytes.NewReader(b[:n]), 0, int64(n)), nil // it may have become shorter
}

// interruptible reads until ctx ends.
type interruptible struct {
	ctx context.Context
	io.ReaderAt
}

func (r interruptible) ReadAt(p []byte, at int64) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.ReaderAt.ReadAt(p, at)
}
