package pixels_test

import (
	"testing"

	"resnet/data/pixels"
	"resnet/data/pixels/pillowtest"
	"resnet/kernels/cpu"
)

// BenchmarkResize scales pictures to 224 x 224: a photograph as ImageNet has them, and one of a camera, with each
// instruction set. bench/peers/resize.py compares the best of them with Pillow.
func BenchmarkResize(b *testing.B) {
	for _, size := range []struct {
		name string
		w, h int
	}{{"photograph", 500, 375}, {"camera", 4000, 3000}} {
		src, dst := pixels.New(size.w, size.h, 3), pixels.New(224, 224, 3)
		pillowtest.Noise(1, src.Pix)
		for _, filter := range []pixels.Filter{pixels.Bilinear, pixels.Bicubic} {
			for _, isa := range cpu.Supported() {
				b.Run(size.name+"/"+filter.String()+"/"+isa.String(), func(b *testing.B) {
					r := pixels.NewResizer(isa)
					for b.Loop() {
						if err := r.Resize(dst, src, filter, pixels.Whole(src)); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
