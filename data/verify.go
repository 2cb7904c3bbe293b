package data

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// mismatchError means that a file is not the published one, as opposed to one that did not come whole.
type mismatchError struct{ error }

// maxCompressed bounds the published file, compressed in whatever way: deflate stores what it cannot shrink in blocks
// of 65535 bytes with 5 more each, and some room is for what encoders write beside the data.
func (c content) maxCompressed() int64 {
	if c.asIs {
		return c.size
	}
	return c.size + c.size/1000 + 1<<16
}

// verify reads a file, plain or gzip, to its end and compares the content with what is published, or the file as it is.
// It holds nothing of it, inflates at most one byte more than is published, and returns a mismatchError where it
// differs.
func (c content) verify(r io.Reader) error {
	br := bufio.NewReaderSize(r, 1<<16)
	src := io.Reader(br)
	if lead, _ := br.Peek(2); !c.asIs && len(lead) == 2 && lead[0] == 0x1f && lead[1] == 0x8b {
		zr, err := gzip.NewReader(br)
		if err != nil {
			return mismatchError{fmt.Errorf("damaged gzip data: %w", err)}
		}
		src = zr
	}
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(src, c.size+1))
	got := hex.EncodeToString(sum.Sum(nil))
	switch {
	case err != nil && n == c.size:
		err = fmt.Errorf("bad end of the gzip data: %w (cut short, or something after it?)", err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("truncated: %d bytes, want %d", n, c.size)
	case err != nil:
		err = fmt.Errorf("after %d of %d bytes: %w", n, c.size, err)
	case n > c.size:
		err = fmt.Errorf("more than the %d bytes that are published", c.size)
	case n < c.size:
		err = fmt.Errorf("%d bytes, want %d as published", n, c.size)
	case c.sum != "" && got != c.sum:
		err = fmt.Errorf("sha256 of the content %.12s..., want %.12s... as published", got, c.sum)
	default:
		return nil
	}
	return mismatchError{err}
}

// verifier is a writer that verifies what is written to it. Write returns the mismatchError as soon as there is one.
type verifier struct {
	pipe   *io.PipeWriter
	result chan error
}

func newVerifier(want content) *verifier {
	r, w := io.Pipe()
	v := &verifier{w, make(chan error, 1)}
	go func() {
		err := want.verify(r)
		r.CloseWithError(err)
		v.result <- err
	}()
	return v
}

func (v *verifier) Write(p []byte) (int, error) { return v.pipe.Write(p) }

// finish tells whether what was written is the whole published file. It must be called once, also after an error.
func (v *verifier) finish() error {
	v.pipe.Close()
	return <-v.result
}
