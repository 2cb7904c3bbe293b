package data

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // formats that image.Decode knows
	_ "image/jpeg"
	_ "image/png"
	"io"
	"math"
	"os"

	"golang.org/x/image/draw"
)

// maxPixels bounds the image that is decoded: 100 megapixels, 400 MB of memory at 4 bytes a pixel.
const maxPixels = 100e6

// ReadImageFile reads a PNG, JPEG or GIF (its first frame) and returns it as the bytes of one image of h x w x c, HWC,
// c being 1 (grey, Rec. 601 luma) or 3 (red, green, blue). The picture is scaled with its aspect kept (Catmull-Rom,
// averaging when it shrinks) and centred. With invert the result is 255 minus that: data sets like Fashion-MNIST are
// light on black, photographs and scans mostly dark on white.
//
// Margins and transparent parts become 0, the background of such a data set, in either case: the picture is drawn on
// black, or on white if it is inverted afterwards. Orientation tags of cameras are ignored.
func ReadImageFile(path string, h, w, c int, invert bool) ([]byte, error) {
	info, err := os.Stat(path) // before opening, which would wait for a writer if this were a pipe
	if err != nil {
		return nil, fmt.Errorf("data: image: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("data: %s: not a regular file", path)
	}
	if info.Size() == 0 {
		return nil, fmt.Errorf("data: %s: empty file, want a PNG, JPEG or GIF image", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: image: %w", err)
	}
	defer f.Close()
	pixels, err := readImage(f, h, w, c, invert)
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", path, err)
	}
	return pixels, nil
}

func readImage(r io.ReadSeeker, h, w, c int, invert bool) ([]byte, error) {
	if h < 1 || w < 1 || c != 1 && c != 3 {
		return nil, fmt.Errorf("image wanted as %dx%dx%d, want at least 1x1 and 1 or 3 channels", h, w, c)
	}
	cfg, format, err := image.DecodeConfig(bufio.NewReader(r))
	if err != nil {
		return nil, decodeError("image", err)
	}
	if cfg.Width < 1 || cfg.Height < 1 {
		return nil, fmt.Errorf("%s of %dx%d has no pixels", format, cfg.Height, cfg.Width)
	}
	if float64(cfg.Width)*float64(cfg.Height) > maxPixels {
		return nil, fmt.Errorf("%s of %dx%d pixels, want at most %.0f million",
			format, cfg.Height, cfg.Width, maxPixels/1e6)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	src, _, err := image.Decode(bufio.NewReader(r))
	if err != nil {
		return nil, decodeError(format, err)
	}
	return fit(src, h, w, c, invert), nil
}

func decodeError(format string, err error) error {
	switch {
	case errors.Is(err, image.ErrFormat):
		return errors.New("not a PNG, JPEG or GIF image")
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("truncated %s", format)
	}
	return fmt.Errorf("damaged %s: %w", format, err)
}

// fit scales src into h x w and returns its bytes, HWC.
func fit(src image.Image, h, w, c int, invert bool) []byte {
	background, flip := color.Black, byte(0)
	if invert {
		background, flip = color.White, 255
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.NewUniform(background), image.Point{}, draw.Src)
	draw.CatmullRom.Scale(dst, centred(src.Bounds(), h, w), src, src.Bounds(), draw.Over, nil)

	out := make([]byte, 0, h*w*c)
	for p := dst.Pix; len(p) > 0; p = p[4:] {
		r, g, b := p[0]^flip, p[1]^flip, p[2]^flip // 255-v == v^255
		if c == 3 {
			out = append(out, r, g, b)
		} else {
			out = append(out, luma(r, g, b))
		}
	}
	return out
}

// centred returns the largest rectangle of b's aspect in h x w, at least one pixel each way.
func centred(b image.Rectangle, h, w int) image.Rectangle {
	scale := min(float64(w)/float64(b.Dx()), float64(h)/float64(b.Dy()))
	dw := max(1, int(math.Round(float64(b.Dx())*scale)))
	dh := max(1, int(math.Round(float64(b.Dy())*scale)))
	x, y := (w-dw)/2, (h-dh)/2
	return image.Rect(x, y, x+dw, y+dh)
}

// luma is Rec. 601's 0.299 R + 0.587 G + 0.114 B, rounded; greys keep their value.
func luma(r, g, b byte) byte {
	return byte((299*int(r) + 587*int(g) + 114*int(b) + 500) / 1000)
}
