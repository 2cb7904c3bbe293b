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
	f, info, err := Open(path)
	if err != nil {
		return nil, fmt.Errorf("picture: %s: %w", path, err)
	}
	defer f.Close()
	p, err := ReadFrom(io.NewSectionReader(f, 0, info.Size()), h, w, c, invert)
	if err != nil {
		return nil, fmt.Errorf("picture: %s: %w", path, err)
	}
	return p, nil
}

// ReadFrom is [Read] for the content of a file, wherever it is. Its errors have no name.
func ReadFrom(f *io.SectionReader, h, w, c int, invert bool) (*Picture, error) {
	return read(f, h, w, c, invert, maxMemory)
}

// Open opens a regular file of at most 1 GB for [Inspect]. Its errors do not name the file.
func Open(path string) (*os.File, os.FileInfo, error) {
	info, err := os.Stat(path) // before opening, which would wait for a writer if this were a pipe
	if err != nil {
		return nil, nil, reason(err)
	}
	switch {
	case info.IsDir():
		return nil, nil, errors.New("is a folder, want a picture")
	case !info.Mode().IsRegular():
		return nil, nil, errors.New("not a regular file")
	case info.Size() > maxFile:
		return nil, nil, &Error{TooLarge, fmt.Errorf("file of %s, want at most %s", memory.Format(info.Size()),
			memory.Format(maxFile))}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, reason(err)
	}
	return f, info, nil
}

// reason is what an error says beside the file's name and the system's call.
func reason(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// read is ReadFrom with another budget than 400 MB.
func read(f *io.SectionReader, h, w, c int, invert bool, budget int64) (*Picture, error) {
	if h < 1 || w < 1 || c != 1 && c != 3 {
		return nil, fmt.Errorf("picture wanted as %dx%dx%d, want at least 1x1 and 1 or 3 channels", h, w, c)
	}
	file, err := Inspect(f)
	if err != nil {
		return nil, err
	}
	if err := file.layout.check(file.Format, budget); err != nil {
		return nil, err
	}
	s, err := file.layout.still()
	if err != nil {
		return nil, explain(file.Format, err)
	}
	defer file.release()
	return s.fit(h, w, c, invert)
}

// layout is what the head of a file says of a picture.
type layout struct {
	width, height int             // of what is decoded, as stored
	canvas        image.Rectangle // where it is shown, if that is more than what is decoded
	orientation   int             // 1 to 8 as in EXIF; 0 where the file does not say
	mode          Mode
	need          int64 // bytes that decode allocates at most
	decode        func() (image.Image, error)
}

// check holds the sides and the memory to the budget.
func (l *layout) check(format string, budget int64) error {
	if l.width < 1 || l.height < 1 {
		return &Error{Damaged, fmt.Errorf("%s of %dx%d has no pixels", format, l.height, l.width)}
	}
	size := l.size()
	if size.X > maxSide || size.Y > maxSide {
		return &Error{TooLarge, fmt.Errorf("%s of %dx%d pixels, want sides of at most %d", format, size.Y, size.X,
			maxSide)}
	}
	// A canvas is never in memory as a whole; it counts one byte a pixel for the time that it takes to scale.
	need := max(l.need, int64(size.X)*int64(size.Y))
	if need > budget {
		return &Error{TooLarge, fmt.Errorf(
			"%s of %dx%d pixels needs %s to decode, want at most %s (scale it down first)",
			format, size.Y, size.X, memory.Format(need), memory.Format(budget))}
	}
	if err := memory.Fits(need); err != nil {
		return &Error{TooLarge, fmt.Errorf("%s of %dx%d pixels: %w", format, size.Y, size.X, err)}
	}
	return nil
}

// size is that of what is shown.
func (l *layout) size() image.Point {
	return l.canvas.Union(image.Rect(0, 0, l.width, l.height)).Size()
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

// explain says whether a file is cut or damaged.
func explain(format string, err error) error {
	switch {
	case FaultOf(err) != None:
		return err
	case isCut(err):
		return truncated("truncated %s", format)
	case strings.Contains(err.Error(), "unsupported"): // as the decoders have it, each in its own type
		return refuse("%s of a kind that is not supported (%w); convert it to PNG or JPEG", format, err)
	}
	return damaged("damaged %s: %s", format, strings.TrimPrefix(err.Error(), format+": "))
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
