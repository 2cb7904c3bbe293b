package pixels

import (
	"fmt"

	"resnet/data/memory"
	"resnet/kernels/cpu"
)

// Rect is a part of a picture between fractions of its pixels.
type Rect struct{ Left, Top, Right, Bottom float32 }

// Whole returns all of the picture.
func (m *Image) Whole() Rect { return Rect{0, 0, float32(m.W), float32(m.H)} }

// maxScratch bounds what a Resizer holds beside the pictures.
const maxScratch = 400e6

// Resizer scales pictures. Its zero value is ready. It keeps its buffers, so that it allocates nothing for the pictures
// that follow a larger one; goroutines need one each.
type Resizer struct {
	across, down line
	source       Image        // what counts of a picture
	window       Image        // the same premultiplied, if it has alpha
	wide, high   Image        // after the pass across the rows, and down the columns if that is first
	tail         []byte       // the last rows of a picture, with room behind each
	kernels      cpu.Resample // the best of this machine, unless a test asks for others
}

var bestKernels = cpu.For(cpu.Best()).Resample

// Resize scales a part of src to the size of dst, as Pillow's Image.resize(size, resample, box) does, byte for byte.
// Colours are weighted by their alpha, if there is one, except for Nearest. Nothing of src is read that does not count
// for the part. The two must have the same channels, and share no bytes. It fails where sides, bytes or the part make
// no sense, or scratch memory beyond 400 MB were needed.
func (r *Resizer) Resize(dst, src *Image, f Filter, part Rect) error {
	if err := r.accepts(dst, src, f, part); err != nil {
		return err
	}
	switch {
	case part == src.Whole() && dst.W == src.W && dst.H == src.H:
		copyRows(dst, src)
	case f == Nearest:
		r.nearest(dst, src, part)
	default:
		return r.resample(dst, src, f, part)
	}
	return nil
}

// accepts checks the arguments of Resize.
func (r *Resizer) accepts(dst, src *Image, f Filter, p Rect) error {
	if err := src.check("source"); err != nil {
		return err
	}
	if err := dst.check("destination"); err != nil {
		return err
	}
	switch {
	case dst.C != src.C:
		return fmt.Errorf("pixels: resize: %d channels to %d, want as many", src.C, dst.C)
	case f > Lanczos:
		return fmt.Errorf("pixels: resize: unknown %v", f)
	case !(p.Left >= 0 && p.Left < p.Right && p.Right <= float32(src.W)):
		return fmt.Errorf("pixels: resize: columns %g to %g, want a part of 0 to %d", p.Left, p.Right, src.W)
	case !(p.Top >= 0 && p.Top < p.Bottom && p.Bottom <= float32(src.H)):
		return fmt.Errorf("pixels: resize: rows %g to %g, want a part of 0 to %d", p.Top, p.Bottom, src.H)
	}
	return nil
}

// resample passes across the rows and then down the columns, each unless it would change nothing.
func (r *Resizer) resample(dst, src *Image, f Filter, part Rect) error {
	across := dst.W != src.W || part.Left != 0 || part.Right != float32(src.W)
	down := dst.H != src.H || part.Top != 0 || part.Bottom != float32(src.H)
	x, y, w, h := 0, 0, src.W, src.H
	if across {
		r.across.measure(src.W, dst.W, span{part.Left, part.Right}, f)
		x, w = r.across.reach()
	}
	if down {
		r.down.measure(src.H, dst.H, span{part.Top, part.Bottom}, f)
		y, h = r.down.reach()
	}
	if err := fits(dst, src, h, w); err != nil {
		return err
	}
	r.source = src.Sub(x, y, w, h)
	in := &r.source
	if src.HasAlpha() {
		r.window.reshape(w, h, src.C, w*src.C)
		premultiply(&r.window, in)
		in = &r.window
	}
	if r.kernels.Down == nil {
		r.kernels = bestKernels
	}
	switch {
	case !down:
		copyRows(dst, r.rows(in, dst.W))
	case !across:
		r.columns(dst, in)
	case columnsFirst(dst, src):
		r.high.reshape(w, dst.H, src.C, w*src.C)
		r.columns(&r.high, in)
		copyRows(dst, r.rows(&r.high, dst.W))
	default:
		r.columns(dst, r.rows(in, dst.W))
	}
	if src.HasAlpha() {
		unpremultiply(dst)
	}
	return nil
}

// columnsFirst tells the order of the passes, between which values are rounded to bytes. Since version 13 Pillow begins
// with the columns where that leaves it less to do; what part of the source counts does not matter.
func columnsFirst(dst, src *Image) bool {
	shorter, narrower := src.H-dst.H, src.W-dst.W
	return shorter > 0 && shorter > 2*narrower
}

// fits bounds the memory in between, for h rows of w pixels that count.
func fits(dst, src *Image, h, w int) error {
	need := int64(h) * int64(dst.W)
	if columnsFirst(dst, src) {
		need = int64(dst.H) * int64(w+dst.W)
	}
	if src.HasAlpha() {
		need += int64(h) * int64(w)
	}
	if need *= int64(src.C); need > maxScratch {
		return fmt.Errorf("pixels: resize: %dx%d to %dx%d needs %s in between, want at most %s (resize in two steps)",
			src.H, src.W, dst.H, dst.W, memory.Format(need), memory.Format(maxScratch))
	}
	return nil
}

// rows resamples the rows of a picture to n pixels.
func (r *Resizer) rows(in *Image, n int) *Image {
	const store = 4 // bytes that a kernel writes at a pixel
	steps, step := r.across.steps(in.C), cpu.StepPixels(in.C)*in.C
	blocks := (in.H + r.kernels.Rows - 1) / r.kernels.Rows
	r.wide.reshape(n, blocks*r.kernels.Rows, in.C, n*in.C+store)
	r.wide.H = in.H
	from := r.across.from
	for i := range from {
		from[i] *= int32(in.C)
	}
	reads := int(from[n-1]) + (steps-1)/2*2*step + 16 // bytes of a row, see cpu.AcrossFunc
	kernel, rows := r.kernels.Across[in.C], r.kernels.Rows
	for y := 0; y < in.H; y += rows {
		pix, stride := in.Pix[y*in.Stride:], in.Stride
		if (rows-1)*stride+reads > len(pix) {
			pix, stride = r.padded(in, y, reads)
		}
		kernel(n, &r.wide.Pix[y*r.wide.Stride], r.wide.Stride, &pix[0], stride, &from[0], steps,
			&r.across.words[0])
	}
	return &r.wide
}

// padded copies the rows from y on that a kernel takes at once, with room for so many bytes each. The last one stands
// for those that are not there.
func (r *Resizer) padded(in *Image, y, room int) (pix []byte, stride int) {
	stride = max(room, in.W*in.C)
	r.tail = resized(r.tail, r.kernels.Rows*stride)
	for i := range r.kernels.Rows {
		copy(r.tail[i*stride:], in.Row(min(y+i, in.H-1)))
	}
	return r.tail, stride
}

// columns resamples the columns of a picture to the rows of dst.
func (r *Resizer) columns(dst, in *Image) {
	size := r.down.pairs()
	n := dst.W * dst.C
	kernel := r.kernels.Down
	if n < r.kernels.Least {
		kernel = cpu.For(cpu.Portable).Resample.Down
	}
	for y := range dst.H {
		kernel(n, &dst.Row(y)[0], &in.Row(int(r.down.from[y]))[0], in.Stride, int(r.down.counts[y]),
			&r.down.words[y*size])
	}
}

// nearest takes the pixel in which the centre of each new one lies. The centres are found by adding up, as Pillow does.
func (r *Resizer) nearest(dst, src *Image, part Rect) {
	r.across.from = centres(r.across.from, dst.W, part.Left, part.Right)
	r.down.from = centres(r.down.from, dst.H, part.Top, part.Bottom)
	for y, from := range r.down.from {
		in, out := src.Row(int(from)), dst.Row(y)
		for _, x := range r.across.from {
			copy(out[:src.C], in[int(x)*src.C:])
			out = out[src.C:]
		}
	}
}

func centres(at []int32, n int, from, to float32) []int32 {
	at = resized(at, n)
	step := float64(to-from) / float64(n)
	centre := float64(from) + float64(step*0.5)
	for i := range at {
		at[i] = int32(centre)
		centre += step
	}
	return at
}

// reshape gives a picture another size. Its bytes have no meaning then.
func (m *Image) reshape(w, h, c, stride int) {
	*m = Image{resized(m.Pix, h*stride), stride, w, h, c}
}

func copyRows(dst, src *Image) {
	for y := range dst.H {
		copy(dst.Row(y), src.Row(y))
	}
}
