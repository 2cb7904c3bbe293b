package picture

import (
	"image"
	"testing"

	"resnet/data/pixels"
	"resnet/data/pixels/pillowtest"
)

// BenchmarkView converts a photograph of 500 x 375 to colour, and one of a camera to what a crop of it needs.
func BenchmarkView(b *testing.B) {
	photograph := image.NewYCbCr(image.Rect(0, 0, 500, 375), image.YCbCrSubsampleRatio420)
	for _, p := range [][]byte{photograph.Y, photograph.Cb, photograph.Cr} {
		pillowtest.Noise(1, p)
	}
	alpha := image.NewNRGBA(photograph.Rect)
	pillowtest.Noise(1, alpha.Pix)
	for name, m := range map[string]image.Image{"YCbCr": photograph, "NRGBA": alpha} {
		b.Run(name, func(b *testing.B) {
			v := &View{Image: m, C: 3, Ground: White}
			for b.Loop() {
				if _, err := v.Part(0, 0, 500, 375); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/crop", func(b *testing.B) {
			v := &View{Image: m, C: 3, Ground: White}
			dst := pixels.New(224, 224, 3)
			var r pixels.Resizer
			crop := pixels.Rect{Left: 100, Top: 50, Right: 400, Bottom: 300}
			for b.Loop() {
				if err := r.Resize(dst, v, pixels.Bilinear, crop); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
