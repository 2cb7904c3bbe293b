// Package picture reads picture files as people see them: turned as the camera says, animations by their first frame on
// its canvas, transparent parts on the background of the data set. Formats are told by content. Each of PNG, JPEG, GIF,
// WebP, BMP and TIFF is shown right or refused with the reason; other kinds of file are refused by name.
//
// A picture's sides are read and held to a budget before anything is allocated by them; see [Read].
package picture

import (
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"resnet/data/memory"
)

// What a picture may take. Decoders hold the whole picture, so it is bytes that count: those of 100 megapixels in RGBA.
// A photograph's JPEG has 1.5 bytes a pixel.
const (
	maxFile   = 1e9
	maxSide   = 1 << 16
	maxMemory = 400e6
)

// Picture is a picture scaled to the input of a network.
type Picture struct {
	Pixels []byte // H*W*C, HWC

	// Ground is the brightness, 0 to 1, of what the picture's subject stands on before any inversion: the mean of its
	// outermost pixels. Where these are transparent it is the opposite of what is visible, since a dark drawing is
	// meant for a light page.
	Ground float64
}

// Read reads a picture file and scales it to h x w pixels of c channels: 1 (grey, Rec. 601 luma) or 3 (red, green,
// blue). Its aspect is kept, as Pillow resizes with BICUBIC, and it is centred. With invert the result is 255
// minus that: data sets like Fashion-MNIST are light on black, photographs and scans mostly dark on white.
//
// Margins and transparent parts become 0, the background of such a data set, in either case: the picture is drawn on
// black, or on white if it is inverted afterwards.
//
// Sides of at most 65536 pixels and whatever decodes in 400 MB are accepted, if this machine has that.
func Read(path string, h, w, c int, invert bool) (*Picture, error) {
	info, err := os.Stat(path) // before opening, which would wait for a writer if this were a pipe
	if err != nil {
		return nil, fileError(path, err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("picture: %s: is a folder, want a picture", path)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("picture: %s: not a regular file", path)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("picture: %s: file of %s, want at most %s", path, memory.Format(info.Size()),
			memory.Format(maxFile))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	defer f.Close()
	p, err := read(io.NewSectionReader(f, 0, info.Size()), h, w, c, invert, maxMemory)
	if err != nil {
		return nil, fmt.Errorf("picture: %s: %w", path, err)
	}
	return p, nil
}

// fileError names the file once, and not the system's call.
func fileError(path string, err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		err = e.Err
	}
	return fmt.Errorf("picture: %s: %w", path, err)
}

// read is Read for content, with another budget than 400 MB.
func read(f *io.SectionReader, h, w, c int, invert bool, budget int64) (*Picture, error) {
	if h < 1 || w < 1 || c != 1 && c != 3 {
		return nil, fmt.Errorf("picture wanted as %dx%dx%d, want at least 1x1 and 1 or 3 channels", h, w, c)
	}
	format, err := sniff(f)
	if err != nil {
		return nil, err
	}
	l, err := format.inspect(f)
	if err != nil {
		return nil, explain(format.name, err)
	}
	if err := l.check(format.name, budget); err != nil {
		return nil, err
	}
	s, err := l.still()
	if err != nil {
		return nil, explain(format.name, err)
	}
	if l.need > maxMemory/8 {
		defer runtime.GC() // the next large picture must not meet this one in memory
	}
	return s.fit(h, w, c, invert)
}

// layout is what the head of a file says of a picture.
type layout struct {
	width, height int             // of what is decoded, as stored
	canvas        image.Rectangle // where it is shown, if that is more than what is decoded
	orientation   int             // 1 to 8 as in EXIF; 0 where the file does not say
	need          int64           // bytes that decode allocates at most
	decode        func() (image.Image, error)
}

// check holds the sides and the memory to the budget.
func (l *layout) check(format string, budget int64) error {
	if l.width < 1 || l.height < 1 {
		return fmt.Errorf("%s of %dx%d has no pixels", format, l.height, l.width)
	}
	size := l.canvas.Union(image.Rect(0, 0, l.width, l.height)).Size()
	if size.X > maxSide || size.Y > maxSide {
		return fmt.Errorf("%s of %dx%d pixels, want sides of at most %d", format, size.Y, size.X, maxSide)
	}
	// A canvas is never in memory as a whole; it counts one byte a pixel for the time that it takes to scale.
	need := max(l.need, int64(size.X)*int64(size.Y))
	if need > budget {
		return fmt.Errorf("%s of %dx%d pixels needs %s to decode, want at most %s (scale it down first)",
			format, size.Y, size.X, memory.Format(need), memory.Format(budget))
	}
	if err := memory.Fits(need); err != nil {
		return fmt.Errorf("%s of %dx%d pixels: %w", format, size.Y, size.X, err)
	}
	return nil
}

// still decodes the picture. A decoder that panics has met a file that it was not made for.
func (l *layout) still() (s *still, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the decoder failed: %v", p)
		}
	}()
	m, err := l.decode()
	if err != nil {
		return nil, err
	}
	return &still{m, l.canvas.Union(m.Bounds()), l.orientation}, nil
}

// refusal is an error that stands as it is: the file is whole, but not for us.
type refusal struct{ error }

func refuse(format string, args ...any) error { return refusal{fmt.Errorf(format, args...)} }

// explain says whether a file is cut or damaged.
func explain(format string, err error) error {
	switch {
	case errors.As(err, new(refusal)):
		return err
	case isCut(err):
		return fmt.Errorf("truncated %s", format)
	case strings.Contains(err.Error(), "unsupported"): // as the decoders have it, each in its own type
		return fmt.Errorf("%s of a kind that is not supported (%w); convert it to PNG or JPEG", format, err)
	}
	return fmt.Errorf("damaged %s: %s", format, strings.TrimPrefix(err.Error(), format+": "))
}

// isCut tells the errors of a file that ends too early. Not every decoder wraps those that it met.
func isCut(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || strings.HasSuffix(text, "EOF") ||
		strings.Contains(text, "not enough")
}
