package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func encode(t testing.TB, f func(w io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, m image.Image) []byte {
	return encode(t, func(w io.Writer) error { return png.Encode(w, m) })
}

func write(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "picture")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// readPixels is Read for the pixels alone.
func readPixels(path string, h, w, c int, invert bool) ([]byte, error) {
	p, err := Read(path, h, w, c, invert)
	if err != nil {
		return nil, err
	}
	return p.Pixels, nil
}

// readBytes is Read for the content of a file.
func readBytes(b []byte, h, w, c int, invert bool) (*Picture, error) {
	return read(section(b), h, w, c, invert, maxMemory)
}

func section(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

func ramp(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7)
	}
	return b
}

// uniform is one colour, h x w.
func uniform(h, w int, c color.Color) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, c)
		}
	}
	return m
}

// An image of the right size comes back byte for byte, and inverted bit for bit.
func TestReadExact(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 28, 28))
	copy(m.Pix, ramp(784))
	path := write(t, pngOf(t, m))
	got, err := readPixels(path, 28, 28, 1, false)
	if err != nil || !bytes.Equal(got, m.Pix) {
		t.Fatalf("pixels differ, %v", err)
	}
	inverted, err := readPixels(path, 28, 28, 1, true)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range inverted {
		if v != 255-m.Pix[i] {
			t.Fatalf("pixel %d: %d, inverted %d", i, m.Pix[i], v)
		}
	}
	rgb, err := readPixels(path, 28, 28, 3, false)
	if err != nil || len(rgb) != 3*784 || rgb[3*5+1] != m.Pix[5] {
		t.Fatalf("%d bytes in colour, %v", len(rgb), err)
	}
}

func TestReadColours(t *testing.T) {
	orange := color.NRGBA{255, 128, 0, 255} // luma 0.299*255 + 0.587*128 = 151.4
	half := color.NRGBA{255, 255, 255, 128} // 128/255 white over the background
	for _, c := range []struct {
		name   string
		colour color.Color
		ch     int
		invert bool
		want   []byte
	}{
		{"luma", orange, 1, false, []byte{151}},
		{"colour", orange, 3, false, []byte{255, 128, 0}},
		{"colour inverted", orange, 3, true, []byte{0, 127, 255}},
		{"half white over black", half, 1, false, []byte{128}},
		{"half white over white, inverted", half, 1, true, []byte{0}},
		{"transparent", color.NRGBA{200, 200, 200, 0}, 1, false, []byte{0}},
		{"transparent, inverted", color.NRGBA{200, 200, 200, 0}, 1, true, []byte{0}},
	} {
		got, err := readPixels(write(t, pngOf(t, uniform(40, 40, c.colour))), 8, 8, c.ch, c.invert)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, v := range got {
			// One step for each of two roundings: alpha premultiplied, 16 bits to 8.
			if w := int(c.want[i%c.ch]); int(v) < w-1 || int(v) > w+1 {
				t.Errorf("%s: byte %d is %d, want %d", c.name, i, v, w)
				break
			}
		}
	}
}

// Aspect is kept and the margins are 0, inverted or not.
func TestReadCentres(t *testing.T) {
	for _, c := range []struct {
		h, w               int
		top, left, hh, www int // where the picture must come to lie in 28x28
	}{
		{100, 200, 7, 0, 14, 28},
		{200, 100, 0, 7, 28, 14},
		{7, 7, 0, 0, 28, 28},
		{1, 1000, 13, 0, 1, 28},
	} {
		for _, invert := range []bool{false, true} {
			grey := color.Gray{100}
			got, err := readPixels(write(t, pngOf(t, uniform(c.h, c.w, grey))), 28, 28, 1, invert)
			if err != nil {
				t.Fatal(err)
			}
			inside := 100
			if invert {
				inside = 155
			}
			for i, v := range got {
				y, x, want := i/28, i%28, 0
				if y >= c.top && y < c.top+c.hh && x >= c.left && x < c.left+c.www {
					want = inside
				}
				if int(v) < want-1 || int(v) > want+1 { // a rounding in the filter's weights
					t.Errorf("%dx%d, invert %v: pixel %d,%d is %d, want %d", c.h, c.w, invert, y, x, v, want)
					break
				}
			}
		}
	}
}

// Shrinking must average: a fine checkerboard becomes grey, not black or white.
func TestReadAverages(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 280, 280))
	for i := range m.Pix {
		m.Pix[i] = byte(255 * ((i/280 + i%280) % 2))
	}
	got, err := readPixels(write(t, pngOf(t, m)), 28, 28, 1, false)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if v < 117 || v > 138 { // 127.5, a few per cent of ripple where the filter is cut at the border
			t.Errorf("pixel %d is %d, want about 127", i, v)
		}
	}
}

func TestReadFormats(t *testing.T) {
	m := uniform(30, 50, color.Gray{200})
	pal := image.NewPaletted(m.Bounds(), palette.Plan9)
	for i := range pal.Pix {
		pal.Pix[i] = uint8(pal.Palette.Index(color.Gray{204}))
	}
	for name, b := range map[string][]byte{
		"jpeg": encode(t, func(w io.Writer) error { return jpeg.Encode(w, m, nil) }),
		"gif":  encode(t, func(w io.Writer) error { return gif.Encode(w, pal, nil) }),
		"png":  pngOf(t, m),
	} {
		got, err := readPixels(write(t, b), 28, 28, 1, false)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if v := got[14*28+14]; v < 190 || v > 210 { // a palette of 256 colours is that coarse
			t.Errorf("%s: centre is %d, want about 200", name, v)
		}
		for _, n := range []int{12, len(b) / 2, len(b) - 8} {
			if _, err := readPixels(write(t, b[:n]), 28, 28, 1, false); err == nil {
				t.Errorf("%s cut to %d of %d bytes: no error", name, n, len(b))
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	big := pngOf(t, uniform(2, 2, color.Black))
	copy(big[16:24], []byte{0, 0, 0x40, 0, 0, 0, 0x40, 0}) // IHDR now says 16384x16384
	binary.BigEndian.PutUint32(big[29:], crc32.ChecksumIEEE(big[12:29]))
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty": {nil, "empty file"},
		"text":  {[]byte("not an image at all"), "not a PNG, JPEG, GIF, WebP, BMP or TIFF picture"},
		"short": {pngOf(t, uniform(2, 2, color.Black))[:40], "truncated png"},
		"big":   {big, "16384x16384 pixels needs 1.07 GB to decode, want at most 400 MB"},
	} {
		_, err := readPixels(write(t, c.content), 28, 28, 1, false)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "picture: ") {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	_, err := readPixels(filepath.Join(t.TempDir(), "none.png"), 28, 28, 1, false)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	_, err = readPixels(t.TempDir(), 28, 28, 1, false)
	if err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("directory: %v", err)
	}
	_, err = readPixels(write(t, big), 28, 28, 2, false)
	if err == nil || !strings.Contains(err.Error(), "1 or 3 channels") {
		t.Errorf("two channels: %v", err)
	}
}
