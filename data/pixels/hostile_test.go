package pixels_test

import (
	"math"
	"strings"
	"testing"

	"resnet/data/memory/memorytest"
	"resnet/data/pixels"
	"resnet/kernels/cpu"
)

func part(left, top, right, bottom float32) pixels.Rect {
	return pixels.Rect{Left: left, Top: top, Right: right, Bottom: bottom}
}

func TestResizeRefuses(t *testing.T) {
	src, dst := pixels.New(5, 4, 3), pixels.New(2, 2, 3)
	short := *src
	short.Pix = short.Pix[:len(short.Pix)-1]
	narrow := *src
	narrow.Stride--
	far := *src
	far.Stride = math.MaxInt / 2
	nan := float32(math.NaN())
	wide, high := pixels.New(1, 1<<16, 1), pixels.New(1<<16, 1<<15, 1)
	whole := pixels.Whole(src)
	for _, c := range []struct {
		dst, src *pixels.Image
		filter   pixels.Filter
		part     pixels.Rect
		want     string
	}{
		{dst, &pixels.Image{}, 0, whole, "source has 0 channels, want 1 to 4"},
		{dst, &pixels.Image{C: 3, W: -1, H: 4}, 0, whole, "source has 4x-1 pixels, want sides of 1 to 65536"},
		{&pixels.Image{C: 3, W: 1 << 40, H: 2}, src, 0, whole, "destination has 2x1099511627776 pixels"},
		{dst, &short, 0, whole, "source of 4x5x3 with rows every 15 bytes has only 59"},
		{dst, &narrow, 0, whole, "source has rows every 14 bytes, want at least 15"},
		{dst, &far, 0, whole, "source of 4x5x3 with rows every"},
		{pixels.New(2, 2, 1), src, 0, whole, "3 channels to 1, want as many"},
		{dst, src, 9, whole, "unknown filter(9)"},
		{dst, src, pixels.Bicubic, part(-1, 0, 5, 4), "columns -1 to 5, want a part of 0 to 5"},
		{dst, src, pixels.Bicubic, part(0, 0, 5.1, 4), "columns 0 to 5.1"},
		{dst, src, pixels.Bicubic, part(2, 0, 2, 4), "columns 2 to 2"},
		{dst, src, pixels.Bicubic, part(0, nan, 5, 4), "rows NaN to 4, want a part of 0 to 4"},
		{dst, src, pixels.Nearest, part(0, 3, 5, float32(math.Inf(1))), "rows 3 to +Inf"},
		{high, wide, pixels.Bilinear, pixels.Whole(wide),
			"65536x1 to 32768x65536 needs 2.15 GB in between, want at most 400 MB"},
	} {
		memorytest.Limit(t, 8<<20, func() {
			err := new(pixels.Resizer).Resize(c.dst, c.src, c.filter, c.part)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// A Resizer allocates nothing once it has seen a picture as large.
func TestResizeAllocates(t *testing.T) {
	eachISA(t, func(t *testing.T, r *pixels.Resizer) {
		for _, filter := range []pixels.Filter{pixels.Nearest, pixels.Bilinear, pixels.Lanczos} {
			for c := 1; c <= 4; c++ {
				src, dst := pixels.New(50, 40, c), pixels.New(20, 30, c)
				n := testing.AllocsPerRun(3, func() {
					if err := r.Resize(dst, src, filter, part(1, 2, 40.5, 39)); err != nil {
						t.Fatal(err)
					}
				})
				if n != 0 {
					t.Errorf("%v of %d channels: %v allocations", filter, c, n)
				}
			}
		}
	})
}

// No arguments make Resize panic, write beyond the result, or differ between instruction sets.
func FuzzResize(f *testing.F) {
	f.Add(5, 4, 15, 3, 2, 2, uint8(2), float32(0), float32(0), float32(5), float32(4), []byte("bytes of a picture"))
	f.Add(1, 1, 1, 1, 9, 9, uint8(5), float32(0.2), float32(0), float32(0.3), float32(1), []byte{7})
	f.Add(20, 300, 80, 4, 7, 5, uint8(4), float32(0), float32(0), float32(20), float32(300), []byte{0, 255, 3, 255})
	f.Fuzz(func(t *testing.T, w, h, stride, c, dw, dh int, filter uint8, left, top, right, bottom float32, in []byte) {
		const most = 1 << 16 // bytes, so that thousands of inputs pass in a second
		area := func(w, h, c int) int {
			if w < 1 || h < 1 || c < 1 || c > 4 || w > most || h > most {
				return 0
			}
			return w * h * c
		}
		src := &pixels.Image{Stride: stride, W: w, H: h, C: c}
		dst := &pixels.Image{Stride: dw * c, W: dw, H: dh, C: c}
		if area(w, h, c) > most || area(dw, dh, c) > most || area(dw, h, c) > most {
			t.Skip()
		}
		if stride >= 0 && stride < most/max(h, 1) {
			src.Pix = make([]byte, area(stride, h, 1))
		}
		for i := range src.Pix {
			if len(in) > 0 {
				src.Pix[i] = in[i%len(in)]
			}
		}
		p := part(left, top, right, bottom)
		var first []byte
		for _, isa := range cpu.Supported() {
			room := make([]byte, area(dw, dh, c)+8)
			dst.Pix = room[: len(room)-8 : len(room)-8]
			copy(room[len(room)-8:], "sentinel")
			if err := pixels.NewResizer(isa).Resize(dst, src, pixels.Filter(filter), p); err != nil {
				return
			}
			if string(room[len(room)-8:]) != "sentinel" {
				t.Fatalf("%v: wrote beyond the result", isa)
			}
			if first == nil {
				first = dst.Pix
			} else if string(first) != string(dst.Pix) {
				t.Fatalf("%v: other bytes than %v", isa, cpu.Portable)
			}
		}
	})
}
