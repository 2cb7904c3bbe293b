package picture

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
)

// Head is what the head of a picture file says, before anything is decoded.
type Head struct {
	Format        string // "png", "jpeg", "gif", "webp", "bmp" or "tiff"
	Width, Height int    // of what is shown, before it is turned
	Orientation   int    // 1 to 8 as in EXIF; 0 where the file does not say
	Mode          Mode
	Memory        int64 // bytes that decoding takes at most
}

// File is a picture file whose head has been read.
type File struct {
	Head
	layout *layout
}

// Inspect reads the head of a picture file. Its errors are those of [Read] for a file that is no picture, or whose head
// is damaged; [FaultOf] tells which. It allocates a fixed amount, whatever the file claims.
func Inspect(f *io.SectionReader) (*File, error) {
	format, err := sniff(f)
	if err != nil {
		return nil, err
	}
	l, err := format.inspect(f)
	if err != nil {
		return nil, explain(format.name, err)
	}
	size := l.size()
	return &File{Head{format.name, size.X, size.Y, l.orientation, l.mode, l.need}, l}, nil
}

// Check returns the error of a picture that is not decoded: it has more pixels than the limit, or [Read] refuses it for
// its sides or the memory that it takes.
func (f *File) Check(maxPixels int64) error {
	if n := area(f.Width, f.Height); n > maxPixels && max(f.Width, f.Height) <= maxSide {
		return &Error{TooLarge, fmt.Errorf("%s of %dx%d pixels, %s", f.Format, f.Height, f.Width, excess(n, maxPixels))}
	}
	return f.layout.check(f.Format, maxMemory)
}

// excess says two numbers of pixels, in megapixels where three digits tell them apart.
func excess(n, limit int64) string {
	have, want := fmt.Sprintf("%.3g", float64(n)/1e6), fmt.Sprintf("%.3g", float64(limit)/1e6)
	if limit < 1e6 || have == want {
		return fmt.Sprintf("%d in all, want at most %d", n, limit)
	}
	return fmt.Sprintf("%s megapixels, want at most %s megapixels", have, want)
}

// Decode decodes the picture and forgets it: the error is what [Read] would say. It is for files that passed Check.
func (f *File) Decode() error {
	if _, err := f.layout.still(); err != nil {
		return explain(f.Format, err)
	}
	f.release()
	return nil
}

// release is called when a decoded picture is not needed any more: the next large one must not meet it in memory.
func (f *File) release() {
	if f.Memory > maxMemory/8 {
		runtime.GC()
	}
}

// Mode is how a picture stores its colours: red, green and blue of 8 bits each, but for these.
type Mode uint8

const (
	Grey     Mode = 1 << iota
	Palette       // indices of a table of colours
	Alpha         // transparent parts
	Deep          // 16 bits a sample
	CMYK          // cyan, magenta, yellow and black
	Animated      // several frames, of which the first counts
)

// String lists what the mode is, as in "grey, alpha"; without any of that it is "colour".
func (m Mode) String() string {
	var names []string
	if m&(Grey|Palette|CMYK) == 0 {
		names = append(names, "colour")
	}
	for i, name := range [...]string{"grey", "palette", "alpha", "16 bit", "CMYK", "animated"} {
		if m&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// Fault is why a file is not read as a picture.
type Fault uint8

const (
	None        Fault = iota
	NotPicture        // another kind of file
	Unsupported       // a picture, but none that is read
	Truncated         // the file ends too early
	Damaged
	TooLarge // in sides, pixels, or the memory that it takes
)

func (f Fault) String() string {
	return [...]string{"none", "not a picture", "unsupported", "truncated", "damaged", "too large"}[f]
}

// Error is an error about a file's content that stands as it is.
type Error struct {
	Fault Fault
	Err   error
}

func (e *Error) Error() string { return e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// FaultOf returns the fault of an error of this package, None if the error is not about a file's content.
func FaultOf(err error) Fault {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Fault
	}
	return None
}

func refuse(format string, args ...any) error {
	return &Error{Unsupported, fmt.Errorf(format, args...)}
}

func truncated(format string, args ...any) error {
	return &Error{Truncated, fmt.Errorf(format, args...)}
}

func damaged(format string, args ...any) error {
	return &Error{Damaged, fmt.Errorf(format, args...)}
}

// Kind is what the first bytes of a file say that it is.
type Kind struct {
	Name    string // as in "png" for what is read, "a HEIC picture" for other kinds, "" for what is not known
	Read    bool   // [Read] reads it, unless it is damaged
	Picture bool   // a program for pictures reads it
}

// Sniff tells the kind of a file by its first bytes.
func Sniff(f io.ReaderAt) (Kind, error) {
	head, err := headOf(f)
	if err != nil {
		return Kind{}, reason(err)
	}
	for i := range formats {
		if formats[i].matches(head) {
			return Kind{formats[i].name, true, true}, nil
		}
	}
	if k := kindOf(head); k != nil {
		return Kind{k.name, false, k.picture}, nil
	}
	return Kind{}, nil
}
