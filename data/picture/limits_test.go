package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"io"
	"math"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"resnet/data/memory/memorytest"
)

// bigPNG says that it has so many pixels and brings zeros for them.
func bigPNG(t testing.TB, w, h int, depth, colour, interlace byte, rows int) []byte {
	header := binary.BigEndian.AppendUint32(nil, uint32(w))
	header = binary.BigEndian.AppendUint32(header, uint32(h))
	header = append(header, depth, colour, 0, 0, interlace)
	data := encode(t, func(out io.Writer) error {
		z := zlib.NewWriter(out)
		row := make([]byte, 1+w*int(depth)/8)
		for range rows {
			if _, err := z.Write(row); err != nil {
				return err
			}
		}
		return z.Close()
	})
	return bytes.Join([][]byte{[]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", header), pngChunk("IDAT", data),
		pngChunk("IEND", nil)}, nil)
}

// What claims more than the budget is refused before it is decoded, in 2 MB of memory.
func TestTooLarge(t *testing.T) {
	jpegHead := encode(t, func(w io.Writer) error { return jpeg.Encode(w, picture(), nil) })
	at := bytes.Index(jpegHead, []byte{0xff, 0xc0}) + 5
	copy(jpegHead[at:], []byte{0xff, 0xff, 0xff, 0xff}) // 65535x65535
	progressive := fixture(t, "progressive.jpg")
	at = bytes.Index(progressive, []byte{0xff, 0xc2}) + 5
	copy(progressive[at:], []byte{0x20, 0, 0x20, 0}) // 8192x8192, 3 components in 5 bytes each
	webp := fixture(t, "lossless-alpha-profile.webp")
	at = bytes.Index(webp, []byte("VP8L")) + 9
	copy(webp[at:], []byte{0xff, 0xff, 0xff, 0x0f}) // 16384x16384
	lossy := fixture(t, "lossy-white-black.webp")
	at = bytes.Index(lossy, []byte{0x9d, 0x01, 0x2a}) + 3
	copy(lossy[at:], []byte{0xff, 0x3f, 0xff, 0x3f}) // 16383x16383
	strip := encode(t, func(w io.Writer) error {
		return tiff.Encode(w, uniform(2, 2, color.Black), &tiff.Options{Compression: tiff.Deflate})
	})
	setTIFF(strip, 256, 8000)
	setTIFF(strip, 257, 8000)
	setTIFF(strip, tagRowsPerStrip, 8000)
	tiles := fixture(t, "tiles-predictor.tif")
	setTIFF(tiles, tagTileWidth, 60000)
	setTIFF(tiles, tagTileHeight, 60000)
	frame := encode(t, func(w io.Writer) error { return gif.Encode(w, uniform(1, 1, color.Black), nil) })
	copy(frame[6:], []byte{0xff, 0xff, 0xff, 0xff}) // the canvas

	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"png, one side":        {bigPNG(t, 100_000_000, 1, 8, 0, 0, 0), "want sides of at most 65536"},
		"png, both sides":      {bigPNG(t, 1<<31-1, 1<<31-1, 8, 6, 0, 0), "want sides of at most 65536"},
		"png, pixels":          {bigPNG(t, 60000, 60000, 8, 0, 0, 0), "needs 3.60 GB to decode, want at most 400 MB"},
		"png, 16 bits":         {bigPNG(t, 8000, 8000, 16, 6, 0, 0), "needs 512 MB to decode"},
		"png, interlaced":      {bigPNG(t, 8000, 8000, 8, 6, 1, 0), "needs 512 MB to decode"},
		"jpeg":                 {jpegHead, "jpeg of 65535x65535 pixels needs"},
		"jpeg, progressive":    {progressive, "needs 1.01 GB to decode"},
		"webp, lossless":       {webp, "needs 2.15 GB to decode"},
		"webp, lossy":          {lossy, "needs 420 MB to decode"},
		"tiff, a strip":        {strip, "needs 1.79 GB to decode"},
		"tiff, a tile":         {tiles, "to decode, want at most 400 MB"},
		"gif, canvas":          {frame, "needs 4.29 GB to decode"},
		"bmp":                  {bigBMP(40000, 40000), "needs 6.40 GB to decode"},
		"bmp, a negative side": {bigBMP(40000, -40000), "needs 6.40 GB to decode"},
		"bmp, the most of int": {bigBMP(math.MaxInt32, math.MinInt32), "want sides of at most 65536"},
	} {
		memorytest.Limit(t, 2<<20, func() {
			if _, err := readBytes(c.file, 28, 28, 1, false); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error %v, want one with %q", name, err, c.want)
			}
		})
	}
}

func bigBMP(w, h int) []byte {
	b := bmpFile{header: 40, bits: 24}.encode(image.NewRGBA(image.Rect(0, 0, 1, 1)), nil)
	binary.LittleEndian.PutUint32(b[18:], uint32(w))
	binary.LittleEndian.PutUint32(b[22:], uint32(h))
	return b
}

// setTIFF changes the value of a field of a little-endian TIFF.
func setTIFF(b []byte, tag uint16, value uint32) {
	at := int(binary.LittleEndian.Uint32(b[4:]))
	for i := range int(binary.LittleEndian.Uint16(b[at:])) {
		if f := b[at+2+12*i:][:12]; binary.LittleEndian.Uint16(f) == tag {
			f[2] = 4 // LONG
			binary.LittleEndian.PutUint32(f[8:], value)
		}
	}
}

// Large pictures within the budget are read in little more than they need themselves: the scaler adds rows, not a copy.
func TestLargeMemory(t *testing.T) {
	for name, c := range map[string]struct {
		file []byte
		need uint64
	}{
		"wide":   {bigPNG(t, 1<<16, 100, 8, 0, 0, 100), 1 << 16 * 100},
		"high":   {bigPNG(t, 100, 1<<16, 8, 0, 0, 1<<16), 1 << 16 * 100},
		"square": {bigPNG(t, 4000, 4000, 8, 0, 0, 4000), 16e6},
	} {
		memorytest.Limit(t, c.need+10<<20, func() {
			if _, err := readBytes(c.file, 28, 28, 1, false); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// An animation of many frames costs its first one.
func TestManyFrames(t *testing.T) {
	m := image.NewPaletted(image.Rect(0, 0, 200, 200), color.Palette{color.Black, color.White})
	g := &gif.GIF{Image: []*image.Paletted{m}, Delay: []int{0}}
	one := encode(t, func(w io.Writer) error { return gif.EncodeAll(w, g) })
	body := one[13+6 : len(one)-1] // behind screen and palette
	many := bytes.Join([][]byte{one[:13+6], bytes.Repeat(body, 100_000), {';'}}, nil)
	memorytest.Limit(t, 2<<20, func() {
		if _, err := readBytes(many, 28, 28, 1, false); err != nil {
			t.Error(err)
		}
	})
}

// Text and profiles of a PNG that inflate to gigabytes are passed over.
func TestPNGText(t *testing.T) {
	bomb := encode(t, func(w io.Writer) error {
		z := zlib.NewWriter(w)
		for range 16 {
			if _, err := z.Write(make([]byte, 1<<20)); err != nil {
				return err
			}
		}
		return z.Close()
	})
	plain := pngOf(t, picture())
	profile := pngChunk("iCCP", append([]byte("a\x00\x00"), bomb...))
	text := pngChunk("zTXt", append([]byte("a\x00\x00"), bomb...))
	file := bytes.Join([][]byte{plain[:33], profile, text, plain[33:]}, nil)
	memorytest.Limit(t, 2<<20, func() {
		if _, err := readBytes(file, 8, 8, 3, false); err != nil {
			t.Error(err)
		}
	})
}
