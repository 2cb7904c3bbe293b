package picture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// format is one that is read.
type format struct {
	name    string
	matches func(head []byte) bool
	inspect func(f *io.SectionReader) (*layout, error)
}

var formats = []format{
	{"png", begins("\x89PNG\r\n\x1a\n"), inspectPNG},
	{"jpeg", begins("\xff\xd8\xff"), inspectJPEG},
	{"gif", begins("GIF87a", "GIF89a"), inspectGIF},
	{"webp", at(8, "WEBP"), inspectWebP},
	{"bmp", begins("BM"), inspectBMP},
	{"tiff", begins("II*\x00", "MM\x00*"), inspectTIFF},
}

const formatNames = "PNG, JPEG, GIF, WebP, BMP or TIFF"

// kind is one that is told but not read.
type kind struct {
	name    string // with its article
	matches func(head []byte) bool
	picture bool // which a program for pictures converts
}

var kinds = []kind{
	{"a HEIC picture", at(4, "ftypheic", "ftypheix", "ftyphevc", "ftypheim", "ftypheis", "ftypmif1", "ftypmsf1"), true},
	{"an AVIF picture", at(4, "ftypavif", "ftypavis"), true},
	{"a JPEG XL picture", begins("\xff\x0a", "\x00\x00\x00\x0cJXL \r\n\x87\n"), true},
	{"a JPEG 2000 picture", begins("\x00\x00\x00\x0cjP  \r\n\x87\n", "\xff\x4f\xff\x51"), true},
	{"a BigTIFF picture", begins("II+\x00", "MM\x00+"), true},
	{"a Photoshop picture", begins("8BPS"), true},
	{"a GIMP picture", begins("gimp xcf"), true},
	{"a PNG whose line ends were changed as if it were text", begins("\x89PNG\n\x1a\n", "\x89PNG\r\r\n"), false},
	{"an icon", begins("\x00\x00\x01\x00", "\x00\x00\x02\x00"), true},
	{"a Netpbm picture", netpbm, true},
	{"an OpenEXR picture", begins("\x76\x2f\x31\x01"), true},
	{"a Radiance picture", begins("#?RADIANCE", "#?RGBE"), true},
	{"a DirectDraw picture", begins("DDS "), true},
	{"a QOI picture", begins("qoif"), true},
	{"a camera's raw picture", begins("FUJIFILMCCD-RAW", "IIRO", "IIRS", "IIU\x00"), true},
	{"an SVG drawing", svg, true},
	{"a PostScript file", begins("%!PS", "\xc5\xd0\xd3\xc6"), false},
	{"a PDF file", begins("%PDF-"), false},
	{"an HTML page", html, false},
	{"a film", at(4, "ftyp"), false},
	{"a film", begins("\x1aE\xdf\xa3", "\x00\x00\x01\xba"), false},
	{"a film or a sound", begins("RIFF", "OggS", "ID3"), false},
	{"a zip archive", begins("PK\x03\x04", "PK\x05\x06"), false},
	{"a gzip file", begins("\x1f\x8b"), false},
	{"a tar archive", at(257, "ustar"), false},
	{"an HDF5 file", begins("\x89HDF\r\n\x1a\n"), false},
	{"a safetensors file", at(8, `{"`), false},
	{"an array of NumPy", begins("\x93NUMPY"), false},
	{"an IDX file", begins("\x00\x00\x08\x01", "\x00\x00\x08\x03", "\x00\x00\x08\x04"), false},
	{"a pointer of Git LFS", begins("version https://git-lfs"), false},
}

// sniff tells the format of a file by its first bytes.
func sniff(f io.ReaderAt) (*format, error) {
	head, err := headOf(f)
	if err != nil {
		return nil, err
	}
	for i := range formats {
		if formats[i].matches(head) {
			return &formats[i], nil
		}
	}
	switch k := kindOf(head); {
	case len(head) == 0:
		return nil, truncated("empty file, want a %s picture", formatNames)
	case len(bytes.Trim(head, "\x00")) == 0:
		return nil, damaged("begins with zeros only, want a %s picture (was it copied to its end?)", formatNames)
	case k == nil:
		return nil, &Error{NotPicture, errors.New("not a " + formatNames + " picture")}
	case k.picture:
		return nil, refuse("is %s, which is not supported; convert it to PNG or JPEG", k.name)
	default:
		return nil, &Error{NotPicture, fmt.Errorf("is %s, want a %s picture", k.name, formatNames)}
	}
}

func headOf(f io.ReaderAt) ([]byte, error) {
	head := make([]byte, 1024)
	n, err := f.ReadAt(head, 0)
	if err == io.EOF {
		err = nil
	}
	return head[:n], err
}

// kindOf returns the kind of a file that is not read, or nil if it is not known.
func kindOf(head []byte) *kind {
	for i := range kinds {
		if kinds[i].matches(head) {
			return &kinds[i]
		}
	}
	return nil
}

// extensions are those of pictures: of the formats that are read, and of others.
var (
	extensions = []string{".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".webp", ".bmp", ".dib", ".tif",
		".tiff"}
	otherExtensions = []string{".heic", ".heif", ".avif", ".jxl", ".jp2", ".svg", ".ico"}
)

// Named tells whether a file's name is that of a picture that [Read] reads, in capital or small letters.
func Named(path string) bool { return slices.Contains(extensions, strings.ToLower(filepath.Ext(path))) }

// Meant tells whether the file at path is meant to be a picture, by its content or by its name: [Read] either reads it
// or has something to say.
func Meant(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	if Named(path) || slices.Contains(otherExtensions, strings.ToLower(filepath.Ext(path))) {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	if _, err := sniff(f); err == nil {
		return true
	}
	head, err := headOf(f)
	k := kindOf(head)
	return err == nil && k != nil && k.picture
}

func begins(with ...string) func([]byte) bool { return at(0, with...) }

// at tells files that have one of the strings at an offset.
func at(offset int, with ...string) func([]byte) bool {
	return func(head []byte) bool {
		if len(head) < offset {
			return false
		}
		for _, w := range with {
			if bytes.HasPrefix(head[offset:], []byte(w)) {
				return true
			}
		}
		return false
	}
}

// netpbm is P1 to P7 and white space.
func netpbm(head []byte) bool {
	return len(head) > 2 && head[0] == 'P' && head[1] >= '1' && head[1] <= '7' &&
		strings.ContainsRune(" \t\r\n", rune(head[2]))
}

func svg(head []byte) bool {
	s := markup(head)
	return strings.HasPrefix(s, "<svg") || strings.HasPrefix(s, "<?xml") && strings.Contains(s, "<svg") ||
		strings.HasPrefix(s, "<!doctype svg")
}

func html(head []byte) bool {
	s := markup(head)
	return strings.HasPrefix(s, "<!doctype html") || strings.HasPrefix(s, "<html") || strings.HasPrefix(s, "<head") ||
		strings.HasPrefix(s, "<?xml") && strings.Contains(s, "<html")
}

// markup is the beginning of a text in small letters, without a byte order mark, white space and comments.
func markup(head []byte) string {
	s := strings.TrimPrefix(strings.ToLower(string(head)), "\ufeff")
	for {
		s = strings.TrimSpace(s)
		comment, rest, closed := strings.Cut(s, "-->")
		if !closed || !strings.HasPrefix(comment, "<!--") {
			return s
		}
		s = rest
	}
}
