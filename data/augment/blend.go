package augment

import "resnet/data/pixels"

// blend is a + factor*(b-a) in float32, cut to a byte, as Image.blend has it.
func blend(a, b byte, factor float32) byte {
	v := float32(a) + float32(factor*float32(int(b)-int(a)))
	return byte(min(max(v, 0), 255))
}

// luma is Pillow's convert("L").
func luma(p []byte) byte {
	return byte((19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2]) + 0x8000) >> 16)
}

// blendWith blends every byte with the same one.
func blendWith(m *pixels.Image, with byte, factor float64) {
	var t table
	for i := range t {
		t[i] = blend(with, byte(i), float32(factor))
	}
	t.apply(m)
}

// Brightness blends with black (ImageEnhance.Brightness): 0 gives black, 1 the picture.
func Brightness(m *pixels.Image, factor float64) { blendWith(m, 0, factor) }

// Contrast blends with the mean luma (ImageEnhance.Contrast): 0 gives grey, 1 the picture.
func Contrast(m *pixels.Image, factor float64) {
	sum := 0
	each(m, func(row []byte) {
		for i := 0; i < len(row); i += m.C {
			if m.C == 1 {
				sum += int(row[i])
			} else {
				sum += int(luma(row[i:]))
			}
		}
	})
	blendWith(m, byte(float64(sum)/float64(m.W*m.H)+0.5), factor)
}

// Saturation blends each pixel with its luma (ImageEnhance.Color): 0 gives greys, 1 the picture.
func Saturation(m *pixels.Image, factor float64) {
	each(m, func(row []byte) {
		if m.C == 1 {
			return
		}
		for i := 0; i < len(row); i += 3 {
			grey := luma(row[i:])
			for k, v := range row[i : i+3] {
				row[i+k] = blend(grey, v, float32(factor))
			}
		}
	})
}

// Sharpness blends a smoothed picture with src (ImageEnhance.Sharpness): 0 smooths, 1 gives the picture, more sharpens.
// A pixel is smoothed by weights of 5 for itself and 1 for each of its eight neighbours; those at the border stay.
func Sharpness(dst, src *pixels.Image, factor float64) {
	same(dst, src)
	c := src.C
	for y := range src.H {
		in, out := src.Row(y), dst.Row(y)
		copy(out, in)
		if y == 0 || y == src.H-1 {
			continue
		}
		above, below := src.Row(y-1), src.Row(y+1)
		for i := c; i < len(in)-c; i++ {
			sum := 5*int(in[i]) + int(in[i-c]) + int(in[i+c])
			sum += int(above[i-c]) + int(above[i]) + int(above[i+c])
			sum += int(below[i-c]) + int(below[i]) + int(below[i+c])
			out[i] = blend(byte((2*sum+13)/26), in[i], float32(factor))
		}
	}
}
