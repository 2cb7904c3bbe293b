package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/tiff"
)

const testWidth, testHeight = 32, 24

// picture is what the files of testdata show; see make.py there.
func picture() *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, testWidth, testHeight))
	for y := range testHeight {
		for x := range testWidth {
			m.SetRGBA(x, y, color.RGBA{uint8(8 * x), uint8(10 * y), 128, 255})
		}
	}
	draw.Draw(m, image.Rect(3, 2, 20, 10), image.NewUniform(color.RGBA{250, 20, 10, 255}), image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(18, 15, 30, 22), image.NewUniform(color.RGBA{10, 240, 30, 255}), image.Point{}, draw.Src)
	return m
}

// rgb is what Read returns of m in its own size, on black.
func rgb(m *image.RGBA) []byte {
	var b []byte
	for p := m.Pix; len(p) > 0; p = p[4:] {
		b = append(b, p[:3]...)
	}
	return b
}

// leftHalf returns m with its right half black, as far as it is seen through the alpha of make.py.
func leftHalf(m *image.RGBA) *image.RGBA {
	draw.Draw(m, image.Rect(testWidth/2, 0, testWidth, testHeight), image.Black, image.Point{}, draw.Src)
	return m
}

// whiteBlack is white on the left and black on the right.
func whiteBlack() *image.RGBA {
	m := picture()
	draw.Draw(m, m.Rect, image.White, image.Point{}, draw.Src)
	return leftHalf(m)
}

// distance returns the mean difference of bytes.
func distance(a, b []byte) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	sum := 0.0
	for i := range a {
		sum += math.Abs(float64(a[i]) - float64(b[i]))
	}
	return sum / float64(len(a))
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Files that other programs wrote are read as these show them.
func TestFixtures(t *testing.T) {
	for _, c := range []struct {
		name string
		want *image.RGBA
		// Mean difference in steps of 255: 0 where the format keeps every bit. JPEG and lossy WebP round colours
		// and may store those of every second pixel only.
		tolerance float64
	}{
		{"progressive.jpg", picture(), 3},
		{"restarts.jpg", picture(), 3},
		{"cmyk-adobe.jpg", picture(), 3},
		{"ycck-adobe.jpg", picture(), 8},
		{"lossy-white-black.webp", whiteBlack(), 0.5},
		{"lossless-alpha-profile.webp", leftHalf(picture()), 0},
		{"lossy-alpha.webp", leftHalf(picture()), 8},
		{"animation.webp", picture(), 0},
		{"group3-white-is-zero.tif", whiteBlack(), 0},
		{"group3-black-is-zero.tif", whiteBlack(), 0},
		{"group4-white-is-zero.tif", whiteBlack(), 0},
		{"group4-black-is-zero.tif", whiteBlack(), 0},
		{"group4-bits-reversed.tif", whiteBlack(), 0},
		{"packbits-white-is-zero.tif", whiteBlack(), 0},
		{"packbits-black-is-zero.tif", whiteBlack(), 0},
		{"lzw.tif", picture(), 0},
		{"tiles-predictor.tif", picture(), 0},
		{"16-bit-big-endian.tif", picture(), 0},
		{"pages.tif", picture(), 0},
	} {
		p, err := readBytes(fixture(t, c.name), testHeight, testWidth, 3, false)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if d := distance(p.Pixels, rgb(c.want)); d > c.tolerance {
			t.Errorf("%s: pixels differ by %.2f in the mean, want at most %g", c.name, d, c.tolerance)
		}
	}
}

// What cannot be shown right is refused with the reason.
func TestFixturesRefused(t *testing.T) {
	for name, want := range map[string]string{
		"12-bit.jpg":                 "is a JPEG of 12 bits a sample, want 8",
		"group3-two-dimensional.tif": "is a TIFF with a two-dimensional Group 3 fax, which is not supported",
		"bits-reversed.tif":          "is a TIFF whose bytes have their bits in reverse, which is not supported",
		"jpeg.tif":                   "is a TIFF compressed by JPEG, which is not supported",
		"cmyk.tif":                   "is a TIFF of CMYK, which is not supported",
		"grey-alpha.tif":             "extra samples); convert it to PNG or JPEG",
		"planes.tif":                 "is a TIFF with a plane for each colour, which is not supported",
		"big.tif":                    "is a BigTIFF picture, which is not supported",
		"float.tif":                  "tiff of a kind that is not supported",
		"channel.tif":                "is a TIFF with channels of unknown meaning, which is not supported",
	} {
		if _, err := readBytes(fixture(t, name), 8, 8, 1, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", name, err, want)
		}
	}
}

// chunked returns a RIFF file of type WEBP.
func chunked(chunks ...[]byte) []byte {
	content := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(chunkHead("RIFF", int64(len(content))), content...)
}

func riffChunk(name string, content []byte) []byte {
	b := append(chunkHead(name, int64(len(content))), content...)
	return append(b, make([]byte, len(content)&1)...)
}

// lossless returns the VP8L chunk of picture().
func lossless(t testing.TB) []byte {
	b := fixture(t, "animation.webp")
	at := bytes.Index(b, []byte("VP8L"))
	return b[at : at+8+int(binary.LittleEndian.Uint32(b[at+4:]))]
}

// A WebP shows its picture whatever follows it, and a cut one says how much is missing.
func TestWebPEnd(t *testing.T) {
	whole := fixture(t, "lossless-alpha-profile.webp")
	junk := append(bytes.Clone(whole), "whatever a program left here"...)
	if _, err := readBytes(junk, 8, 8, 1, false); err != nil {
		t.Error(err)
	}
	_, err := readBytes(whole[:len(whole)-20], 8, 8, 1, false)
	if err == nil || !strings.Contains(err.Error(), `truncated webp: chunk "VP8L" has `) {
		t.Errorf("error %v, want one of a chunk that is cut", err)
	}
}

// onCanvas is the picture at x, y on a black canvas.
func onCanvas(m image.Image, w, h, x, y int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, m.Bounds().Sub(m.Bounds().Min).Add(image.Pt(x, y)), m, m.Bounds().Min, draw.Src)
	return out
}

// A frame that covers a part of the canvas stands at its place.
func TestAnimationCanvas(t *testing.T) {
	x, y, w, h := 6, 10, 48, 40
	canvas := []byte{2, 0, 0, 0, byte(w - 1), 0, 0, byte(h - 1), 0, 0}
	frame := []byte{byte(x / 2), 0, 0, byte(y / 2), 0, 0, testWidth - 1, 0, 0, testHeight - 1, 0, 0, 100, 0, 0, 0}
	animation := chunked(riffChunk("VP8X", canvas), riffChunk("ANIM", make([]byte, 6)),
		riffChunk("ANMF", append(frame, lossless(t)...)))

	pal := image.NewPaletted(image.Rect(x, y, x+2, y+2), color.Palette{color.White, color.Black})
	part := encode(t, func(w io.Writer) error {
		return gif.EncodeAll(w, &gif.GIF{Image: []*image.Paletted{pal}, Delay: []int{0},
			Config: image.Config{Width: 48, Height: 40}})
	})
	beyond := bytes.Clone(part)
	copy(beyond[6:], []byte{1, 0, 1, 0}) // a canvas of 1x1

	for _, c := range []struct {
		name string
		file []byte
		want *image.RGBA
	}{
		{"webp", animation, onCanvas(picture(), w, h, x, y)},
		{"gif", part, onCanvas(pal, w, h, x, y)},
		{"gif beyond its canvas", beyond, onCanvas(pal, x+2, y+2, x, y)},
	} {
		size := c.want.Rect.Size()
		p, err := readBytes(c.file, size.Y, size.X, 3, false)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if !bytes.Equal(p.Pixels, rgb(c.want)) {
			t.Errorf("%s: the frame is not at its place", c.name)
		}
	}
}

// jpegWith returns the picture as a JPEG with a segment behind its first marker.
func jpegWith(t testing.TB, marker byte, content []byte) []byte {
	b := encode(t, func(w io.Writer) error { return jpeg.Encode(w, picture(), &jpeg.Options{Quality: 95}) })
	head := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(content)+2))
	return bytes.Join([][]byte{b[:2], head, content, b[2:]}, nil)
}

// tiffWith returns the picture as a TIFF with an orientation, at its place in a directory that is sorted by tag.
func tiffWith(t testing.TB, orientation int) []byte {
	b := encode(t, func(w io.Writer) error { return tiff.Encode(w, picture(), nil) })
	at := int(binary.LittleEndian.Uint32(b[4:]))
	n := int(binary.LittleEndian.Uint16(b[at:]))
	field := binary.LittleEndian.AppendUint16(nil, tagOrientation)
	field = append(field, 3, 0, 1, 0, 0, 0, byte(orientation), 0, 0, 0)
	var fields [][]byte
	for i := range n {
		f := b[at+2+12*i:][:12]
		if tag := binary.LittleEndian.Uint16(f); tag > tagOrientation && field != nil {
			fields, field = append(fields, field), nil
		}
		fields = append(fields, f)
	}
	out := bytes.Clone(b)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(b)))
	out = binary.LittleEndian.AppendUint16(out, uint16(len(fields)))
	return append(append(out, bytes.Join(fields, nil)...), 0, 0, 0, 0)
}
