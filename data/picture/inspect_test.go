package picture

import (
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resnet/data/memory/memorytest"
)

func gifOf(t testing.TB, frames int, colours ...color.Color) []byte {
	g := &gif.GIF{}
	for range frames {
		g.Image = append(g.Image, image.NewPaletted(image.Rect(0, 0, 9, 5), append(color.Palette{color.Black},
			colours...)))
		g.Delay = append(g.Delay, 10)
	}
	return encode(t, func(w io.Writer) error { return gif.EncodeAll(w, g) })
}

func TestInspect(t *testing.T) {
	deep := image.NewGray16(image.Rect(0, 0, 3, 4))
	for name, c := range map[string]struct {
		file          []byte
		format        string
		width, height int
		mode          string
	}{
		"png": {pngOf(t, uniform(5, 9, color.NRGBA{200, 100, 50, 90})), "png", 9, 5, "colour, alpha"},
		"png, 16 bits": {encode(t, func(w io.Writer) error { return png.Encode(w, deep) }), "png", 3, 4,
			"grey, 16 bit"},
		"png, palette":   {bigPNG(t, 8, 2, 8, 3, 0, 0), "png", 8, 2, "palette"},
		"jpeg":           {fixture(t, "progressive.jpg"), "jpeg", 32, 24, "colour"},
		"jpeg, cmyk":     {fixture(t, "cmyk-adobe.jpg"), "jpeg", 32, 24, "CMYK"},
		"gif":            {gifOf(t, 1), "gif", 9, 5, "palette"},
		"gif, animated":  {gifOf(t, 3), "gif", 9, 5, "palette, animated"},
		"gif, alpha":     {gifOf(t, 2, color.Transparent), "gif", 9, 5, "palette, alpha, animated"},
		"webp, animated": {fixture(t, "animation.webp"), "webp", 32, 24, "colour, animated"},
		"webp, lossy":    {fixture(t, "lossy-white-black.webp"), "webp", 32, 24, "colour"},
		"webp, alpha":    {fixture(t, "lossy-alpha.webp"), "webp", 32, 24, "colour, alpha"},
		"webp, lossless": {fixture(t, "lossless-alpha-profile.webp"), "webp", 32, 24, "colour, alpha"},
		"bmp": {bmpFile{header: 40, bits: 1}.encode(whiteBlack(), color.Palette{color.Black, color.White}), "bmp", 32,
			24,
			"palette"},
		"tiff, 16 bits": {fixture(t, "16-bit-big-endian.tif"), "tiff", 32, 24, "colour, 16 bit"},
		"tiff":          {fixture(t, "lzw.tif"), "tiff", 32, 24, "colour"},
	} {
		f, err := Inspect(section(c.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f.Format != c.format || f.Width != c.width || f.Height != c.height || f.Mode.String() != c.mode {
			t.Errorf("%s: %s, %d wide, %d high, %v, want %s, %d, %d, %s", name, f.Format, f.Width, f.Height, f.Mode,
				c.format, c.width, c.height, c.mode)
		}
	}
}

// What a picture is refused for is told by a value, and the words are those of Read.
func TestFaults(t *testing.T) {
	good := pngOf(t, picture())
	flipped := append([]byte(nil), good...)
	flipped[len(flipped)/2] ^= 1 // of the compressed pixels
	for name, c := range map[string]struct {
		file []byte
		want Fault
	}{
		"good": {good, None}, "empty": {nil, Truncated}, "text": {[]byte("text"), NotPicture},
		"page": {[]byte("<html>"), NotPicture}, "heic": {[]byte("\x00\x00\x00\x18ftypheic"), Unsupported},
		"zeros": {make([]byte, 3000), Damaged}, "cut head": {good[:20], Truncated},
		"cut": {good[:len(good)*2/3], Truncated}, "flipped": {flipped, Damaged},
		"12 bits": {fixture(t, "12-bit.jpg"), Unsupported}, "tiff": {fixture(t, "planes.tif"), Unsupported},
		"no pixels": {bigPNG(t, 0, 4, 8, 0, 0, 0), Damaged}, "side": {bigPNG(t, 1<<17, 1, 8, 0, 0, 0), TooLarge},
		"memory": {bigPNG(t, 8000, 8000, 16, 6, 0, 0), TooLarge}, "pixels": {bigPNG(t, 9000, 9000, 1, 0, 0, 0),
			TooLarge},
		"cut jpeg": {fixture(t, "restarts.jpg")[:500], Truncated},
		"gif":      {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), Damaged},
	} {
		err := checkAll(c.file, 80e6)
		if got := FaultOf(err); got != c.want || (err == nil) != (c.want == None) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.want)
		}
	}
	if err := checkAll(bigPNG(t, 20990, 29700, 8, 6, 0, 0), 1e8); err == nil ||
		err.Error() != "png of 29700x20990 pixels, 623 megapixels, want at most 100 megapixels" {
		t.Error(err)
	}
}

// checkAll inspects, checks and decodes.
func checkAll(file []byte, maxPixels int64) error {
	f, err := Inspect(section(file))
	if err == nil {
		err = f.Check(maxPixels)
	}
	if err == nil {
		err = f.Decode()
	}
	return err
}

// A head is read in little memory, whatever it claims: the buffers of two scanners, and the decoder's of TIFF.
func TestInspectMemory(t *testing.T) {
	for i, in := range seeds(t) {
		memorytest.Limit(t, 1<<19, func() { Inspect(section(in)) })
		if t.Failed() {
			t.Fatalf("seed %d", i)
		}
	}
}

func TestSniff(t *testing.T) {
	for content, want := range map[string]Kind{
		"\xff\xd8\xff\xe0":         {"jpeg", true, true},
		"\x00\x00\x00\x18ftypheic": {"a HEIC picture", false, true},
		"%PDF-1.7":                 {"a PDF file", false, false},
		"text":                     {},
		"":                         {},
	} {
		if got, err := Sniff(strings.NewReader(content)); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", content, got, err, want)
		}
	}
	if Named("notes.txt") || Named("drawing.svg") || !Named("a.b/PHOTO.JPG") {
		t.Error("Named goes by other extensions than those of PNG, JPEG, GIF, WebP, BMP and TIFF")
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{dir: "is a folder", filepath.Join(dir, "none"): "no such file"} {
		if _, _, err := Open(path); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if _, _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want os.ErrNotExist", err)
	}
	if err := os.Truncate(big, 2e9); err != nil {
		t.Skip(err) // a file system without holes
	}
	if _, _, err := Open(big); FaultOf(err) != TooLarge {
		t.Errorf("a file of 2 GB: %v", err)
	}
}
