package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"testing"
)

// exifOf is EXIF data with an orientation.
func exifOf(order binary.AppendByteOrder, orientation int) []byte {
	b := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	for _, f := range [][2]uint16{{271, 7}, {tagOrientation, uint16(orientation)}} { // the camera's maker comes first
		b = order.AppendUint16(b, f[0])
		b = order.AppendUint16(b, 3)
		b = order.AppendUint32(b, 1)
		b = order.AppendUint16(b, f[1])
		b = append(b, 0, 0)
	}
	return order.AppendUint32(b, 0)
}

func pngChunk(name string, content []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
	b = append(append(b, name...), content...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func mirrored(m *image.RGBA) *image.RGBA {
	out := image.NewRGBA(m.Rect)
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			out.Set(m.Rect.Dx()-1-x, y, m.At(x, y))
		}
	}
	return out
}

// rotated turns right by n quarters.
func rotated(m *image.RGBA, n int) *image.RGBA {
	for range n {
		w, h := m.Rect.Dx(), m.Rect.Dy()
		out := image.NewRGBA(image.Rect(0, 0, h, w))
		for y := range h {
			for x := range w {
				out.Set(h-1-y, x, m.At(x, y))
			}
		}
		m = out
	}
	return m
}

// How a viewer turns each orientation.
var views = map[int]func(m *image.RGBA) *image.RGBA{
	0: func(m *image.RGBA) *image.RGBA { return m },
	1: func(m *image.RGBA) *image.RGBA { return m },
	2: mirrored,
	3: func(m *image.RGBA) *image.RGBA { return rotated(m, 2) },
	4: func(m *image.RGBA) *image.RGBA { return rotated(mirrored(m), 2) },
	5: func(m *image.RGBA) *image.RGBA { return rotated(mirrored(m), 3) },
	6: func(m *image.RGBA) *image.RGBA { return rotated(m, 1) },
	7: func(m *image.RGBA) *image.RGBA { return rotated(mirrored(m), 1) },
	8: func(m *image.RGBA) *image.RGBA { return rotated(m, 3) },
	9: func(m *image.RGBA) *image.RGBA { return m }, // there is no such orientation
}

func TestOrientation(t *testing.T) {
	plain := pngOf(t, picture())
	end := len(plain) - 12 // of the pixels
	vp8x := []byte{8, 0, 0, 0, testWidth - 1, 0, 0, testHeight - 1, 0, 0}
	for orientation, view := range views {
		little, big := exifOf(binary.LittleEndian, orientation), exifOf(binary.BigEndian, orientation)
		named := append([]byte("Exif\x00\x00"), big...)
		want := view(picture())
		for name, file := range map[string][]byte{
			"jpeg":               jpegWith(t, 0xe1, named),
			"png, before pixels": bytes.Join([][]byte{plain[:33], pngChunk("eXIf", little), plain[33:]}, nil),
			"png, after pixels":  bytes.Join([][]byte{plain[:end], pngChunk("eXIf", big), plain[end:]}, nil),
			"webp":               chunked(riffChunk("VP8X", vp8x), lossless(t), riffChunk("EXIF", little)),
			"webp, named":        chunked(riffChunk("VP8X", vp8x), lossless(t), riffChunk("EXIF", named)),
			"tiff":               tiffWith(t, orientation),
		} {
			size := want.Rect.Size()
			p, err := readBytes(file, size.Y, size.X, 3, false)
			if err != nil {
				t.Errorf("%s with orientation %d: %v", name, orientation, err)
				continue
			}
			upright := picture()
			if name == "jpeg" {
				upright = decodedJPEG(t, file)
			}
			if d := distance(p.Pixels, rgb(view(upright))); d > 0 {
				t.Errorf("%s with orientation %d: pixels differ by %.2f in the mean, want 0", name, orientation, d)
			}
		}
	}
}

// decodedJPEG returns a JPEG as it is stored. Its colours are near those of picture, no more: there is one for four
// pixels.
func decodedJPEG(t *testing.T, file []byte) *image.RGBA {
	m, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	v := &View{Image: m, C: 4}
	p, err := v.Part(0, 0, testWidth, testHeight)
	if err != nil {
		t.Fatal(err)
	}
	out := &image.RGBA{Pix: p.Pix, Stride: p.Stride, Rect: m.Bounds()}
	if d := distance(rgb(out), rgb(picture())); d > 10 {
		t.Fatalf("pixels differ by %.2f in the mean, want at most 10", d)
	}
	return out
}

// A picture in a corner of a larger one is turned before it is centred.
func TestOrientationCentred(t *testing.T) {
	p, err := readBytes(tiffWith(t, 6), 40, 60, 3, false) // seen as 24x32, scaled to 30x40
	if err != nil {
		t.Fatal(err)
	}
	for x := range 60 {
		inside := x >= 15 && x < 45
		if lit := p.Pixels[3*(60*20+x)+2] > 0; lit != inside {
			t.Fatalf("column %d: lit %v, want columns 15 to 44 only", x, lit)
		}
	}
}

// Damaged EXIF data turn nothing and refuse nothing.
func TestOrientationDamaged(t *testing.T) {
	good := exifOf(binary.LittleEndian, 6)
	if got := orientationOf(good); got != 6 {
		t.Fatalf("orientation %d, want 6", got)
	}
	for n := range 34 { // up to the end of the second field
		if got := orientationOf(good[:n]); got != 0 {
			t.Errorf("orientation %d of the first %d bytes, want none", got, n)
		}
	}
	far := bytes.Clone(good)
	copy(far[4:], []byte{255, 255, 255, 255})
	many := bytes.Clone(good)
	many[26] = 9 // values
	for name, b := range map[string][]byte{"far": far, "many": many, "text": []byte("Exif\x00\x00no TIFF at all")} {
		if got := orientationOf(b); got != 0 {
			t.Errorf("%s: orientation %d, want none", name, got)
		}
	}
}
