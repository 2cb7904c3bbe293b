package picture

import "image"

// yCbCrRow converts the pixels from (x, y) on as JFIF defines it (Rec. 601, all of 0 to 255), in the 16-bit fixed point
// of libjpeg. Chroma is interpolated.
func (v *View) yCbCrRow(out []byte, m *image.YCbCr, x, y int) {
	const (
		bits = 16
		half = 1 << (bits - 1)
		rCr  = 91881 // 1.402
		gCb  = 22554 // 0.344136
		gCr  = 46802 // 0.714136
		bCb  = 116130
	)
	n := len(out) / 3
	luma := m.Y[m.YOffset(x, y):][:n]
	cb, cr := v.chromaRow(0, m, m.Cb, n, x, y), v.chromaRow(1, m, m.Cr, n, x, y)
	for i, value := range luma {
		l, b, r := int32(value), int32(cb[i])-128, int32(cr[i])-128
		p := out[3*i : 3*i+3]
		p[0] = clip(l + (rCr*r+half)>>bits)
		p[1] = clip(l + (half-gCb*b-gCr*r)>>bits)
		p[2] = clip(l + (bCb*b+half)>>bits)
	}
}

// clip cuts a value to a byte.
func clip(v int32) byte {
	if uint32(v) > 255 {
		v = ^(v >> 31)
	}
	return byte(v)
}

// leastColumns is the width in samples from which on chroma is interpolated; libjpeg repeats those of narrower pictures.
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
	v.chroma[k] = room(v.chroma[k], n)
	out := v.chroma[k]
	switch {
	case !wide && !tall, wide && samples(m.Rect.Min.X, m.Rect.Max.X) < leastColumns:
		for i := range out {
			out[i] = plane[m.COffset(x+i, y)]
		}
	case !wide:
		v.columns = room(v.columns, n)
		v.weighRows(m, plane, x-m.Rect.Min.X, y, true)
		for i, sum := range v.columns {
			out[i] = byte((sum + 1 + int32(y&1)) >> 2)
		}
	default:
		first := x/2 - m.Rect.Min.X/2
		v.columns = room(v.columns, n/2+3) // with a neighbour on both sides
		v.weighRows(m, plane, first-1, y, tall)
		if tall {
			widen(out, v.columns, x&1, 4, 8, 7)
		} else {
			widen(out, v.columns, x&1, 2, 1, 2)
		}
	}
	return out
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
	near := plane[m.COffset(m.Rect.Min.X, y):][:columns]
	if !tall {
		for i := range v.columns {
			v.columns[i] = int32(near[min(max(first+i, 0), columns-1)])
		}
		return
	}
	other := min(max(y-1+2*(y&1), m.Rect.Min.Y), m.Rect.Max.Y-1) // a pixel's row in the next samples
	far := plane[m.COffset(m.Rect.Min.X, other):][:columns]
	for i := range v.columns {
		c := min(max(first+i, 0), columns-1)
		v.columns[i] = 3*int32(near[c]) + int32(far[c])
	}
}

// widen makes two pixels of each column but the first and the last. The pixels begin with the second of a column if odd
// is 1; the halves are what is added before the sums are shifted.
func widen(out []byte, columns []int32, odd, shift int, evenHalf, oddHalf int32) {
	for i := range out {
		at := (i+odd)/2 + 1
		if (i+odd)&1 == 0 {
			out[i] = byte((3*columns[at] + columns[at-1] + evenHalf) >> shift)
		} else {
			out[i] = byte((3*columns[at] + columns[at+1] + oddHalf) >> shift)
		}
	}
}
