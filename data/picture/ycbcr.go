package picture

import (
	"image"

	"resnet/kernels/cpu"
)

var kernels = cpu.For(cpu.Best())

// yCbCrRow converts the pixels from (x, y) on as JFIF defines it. Chroma is interpolated.
func (v *View) yCbCrRow(out []byte, m *image.YCbCr, x, y int) {
	n := len(out) / 3
	cb, cr := v.chromaRow(0, m, m.Cb, n, x, y), v.chromaRow(1, m, m.Cr, n, x, y)
	kernels.YCbCrToRGB(out, m.Y[m.YOffset(x, y):][:n], cb, cr)
}

// leastColumns is the width in samples from which on chroma is interpolated; libjpeg repeats those of narrower ones.
const leastColumns = 3

// chromaRow returns the chroma of n pixels from (x, y) on. Where a sample serves two pixels they lie a quarter of its
// width from its centre, so that three quarters of it and one of its neighbour count, each way (libjpeg's "fancy
// upsampling").
func (v *View) chromaRow(k int, m *image.YCbCr, plane []byte, n, x, y int) []byte {
	ratio := m.SubsampleRatio
	wide := ratio == image.YCbCrSubsampleRatio422 || ratio == image.YCbCrSubsampleRatio420
	tall := ratio == image.YCbCrSubsampleRatio440 || ratio == image.YCbCrSubsampleRatio420
	if ratio == image.YCbCrSubsampleRatio444 {
		return plane[m.COffset(x, y):][:n]
	}
	if !wide && !tall || wide && samples(m.Rect.Min.X, m.Rect.Max.X) < leastColumns {
		out := v.chromaRoom(k, n)
		for i := range out {
			out[i] = plane[m.COffset(x+i, y)]
		}
		return out
	}
	if !wide {
		out := v.chromaRoom(k, n)
		v.columns = room(v.columns, n)
		v.weighRows(m, plane, x-m.Rect.Min.X, y, true)
		for i, sum := range v.columns {
			out[i] = byte((int(sum) + 1 + y&1) >> 2)
		}
		return out
	}
	odd := x & 1
	columns := (odd + n + 1) / 2
	out := v.chromaRoom(k, 2*columns)
	v.columns = room(v.columns, columns+2) // with a neighbour on both sides
	v.weighRows(m, plane, x/2-m.Rect.Min.X/2-1, y, tall)
	if tall {
		kernels.WidenSamples(out, v.columns, 4, 8, 7)
	} else {
		kernels.WidenSamples(out, v.columns, 2, 1, 2)
	}
	return out[odd:]
}

func (v *View) chromaRoom(k, n int) []byte {
	v.chroma[k] = room(v.chroma[k], n)
	return v.chroma[k]
}

// samples is the number of samples of chroma for the pixels from one coordinate to another, two for each.
func samples(from, to int) int { return (to+1)/2 - from/2 }

// weighRows sets v.columns to the samples of row y from a column on; outside the plane its border counts. Of tall ones
// it is three times the nearer row of samples plus the other.
func (v *View) weighRows(m *image.YCbCr, plane []byte, first, y int, tall bool) {
	columns := m.Rect.Dx()
	if m.SubsampleRatio != image.YCbCrSubsampleRatio440 {
		columns = samples(m.Rect.Min.X, m.Rect.Max.X)
	}
	sums := v.columns
	from, to := max(0, -first), min(len(sums), columns-first) // of the sums that are within the plane
	within := func(y int) []byte { return plane[m.COffset(m.Rect.Min.X, y)+first+from:][:to-from] }
	if tall {
		other := min(max(y-1+2*(y&1), m.Rect.Min.Y), m.Rect.Max.Y-1) // a pixel's row in the next samples
		kernels.WeighSamples(sums[from:to], within(y), within(other), 3, 1)
	} else {
		kernels.WeighSamples(sums[from:to], within(y), within(y), 1, 0)
	}
	for i := range from {
		sums[i] = sums[from]
	}
	for i := to; i < len(sums); i++ {
		sums[i] = sums[to-1]
	}
}
