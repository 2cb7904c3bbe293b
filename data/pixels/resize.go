package pixels

import (
	"fmt"

	"resnet/data/memory"
	"resnet/kernels/cpu"
)

// Rect is a part of a picture between fractions of its pixels.
type Rect struct{ Left, Top, Right, Bottom float32 }

// Whole returns all of a picture.
func Whole(s Source) Rect {
	w, h, _ := s.Size()
	return Rect{0, 0, float32(w), float32(h)}
}

func (p Rect) columns() span { return span{p.Left, p.Right} }
func (p Rect) rows() span    { return span{p.Top, p.Bottom} }

// maxScratch bounds what a Resizer holds beside the pictures.
const maxScratch = 400e6

// Resizer scales pictures. Its zero value is ready. It keeps its buffers, so that it allocates nothing for the pictures
// that follow a larger one; goroutines need one each.
type Resizer struct {
	across, down  line
	stepsAcross   int          // of a kernel for a pixel
	pairsDown     int          // words of weights for a pixel
	source        Image        // a piece of a picture
	premultiplied Image        // the same, if it has alpha
	wide, high    Image        // after the pass across the rows, and down the columns if that is first
	tail          []byte       // the last rows of a picture, with room behind each
	kernels       cpu.Resample // the best of this machine, unless a test asks for others
}

var bestKernels = cpu.For(cpu.Best()).Resample

// Resize scales a part of src to the size of dst, as Pillow's Image.resize(size, resample, box) does, byte for byte.
// Colours are weighted by their alpha, if there is one, except for Nearest. Of src only the rectangle is asked for
// whose pixels count. The two must have the same channels, and share no bytes. It fails where sides, bytes or the part
// make no sense, or scratch memory beyond 400 MB were needed.
func (r *Resizer) Resize(dst *Image, src Source, f Filter, part Rect) error {
	if err := accepts(dst, src, f, part); err != nil {
		return err
	}
	w, h, _ := src.Size()
	switch {
	case part == Whole(src) && dst.W == w && dst.H == h:
		return r.whole(dst, src)
	case f == Nearest:
		return r.nearest(dst, src, part)
	}
	return r.resample(dst, src, f, part)
}

// whole copies a picture.
func (r *Resizer) whole(dst *Image, src Source) (err error) {
	if r.source, err = src.Part(0, 0, dst.W, dst.H); err == nil {
		copyRows(dst, &r.source)
	}
	return err
}

// accepts checks the arguments of Resize.
func accepts(dst *Image, src Source, f Filter, p Rect) error {
	if err := checkSize("source", src); err != nil {
		return err
	}
	if err := dst.check("destination"); err != nil {
		return err
	}
	w, h, c := src.Size()
	switch {
	case dst.C != c:
		return fmt.Errorf("pixels: resize: %d channels to %d, want as many", c, dst.C)
	case f > Lanczos:
		return fmt.Errorf("pixels: resize: unknown %v", f)
	case !p.columns().within(w):
		return fmt.Errorf("pixels: resize: columns %g to %g, want a part of 0 to %d", p.Left, p.Right, w)
	case !p.rows().within(h):
		return fmt.Errorf("pixels: resize: rows %g to %g, want a part of 0 to %d", p.Top, p.Bottom, h)
	}
	return nil
}

// resample passes across the rows and down the columns, each unless it would change nothing.
func (r *Resizer) resample(dst *Image, src Source, f Filter, part Rect) error {
	if r.kernels.Down == nil {
		r.kernels = bestKernels
	}
	w, h, c := src.Size()
	in := window{src: src, w: w, h: h}
	across := dst.W != w || part.columns() != span{0, float32(w)}
	down := dst.H != h || part.rows() != span{0, float32(h)}
	downFirst := across && down && columnsFirst(h-dst.H, w-dst.W)
	if across {
		r.across.measure(w, dst.W, part.columns(), f)
		in.x, in.w = r.across.reach()
	}
	if down {
		r.down.measure(h, dst.H, part.rows(), f)
		in.y, in.h = r.down.reach()
		r.pairsDown = r.down.pairs()
	}
	if err := fits(dst, in, downFirst); err != nil {
		return err
	}
	if err := r.passes(dst, in, across, down, downFirst); err != nil {
		return err
	}
	if hasAlpha(c) {
		unpremultiply(dst)
	}
	return nil
}

// passes makes the passes that are needed. The first one reads the source, a piece at a time.
func (r *Resizer) passes(dst *Image, in window, across, down, downFirst bool) error {
	switch {
	case !across:
		return r.sourceColumns(dst, in)
	case downFirst:
		r.high.reshape(in.w, dst.H, dst.C, in.w*dst.C)
		if err := r.sourceColumns(&r.high, in); err != nil {
			return err
		}
		r.widen(dst.W, dst.H, dst.C)
		r.rows(0, &r.high)
	default:
		r.widen(dst.W, in.h, dst.C)
		if err := r.sourceRows(in); err != nil {
			return err
		}
	}
	if down && !downFirst {
		r.columns(dst, &r.wide)
	} else {
		copyRows(dst, &r.wide)
	}
	return nil
}

// columnsFirst tells the order of the passes, between which values are rounded to bytes, for a picture that becomes
// shorter and narrower by so much. Since version 13 Pillow begins with the columns where that leaves it less to do;
// before, it always began with the rows. What part of the source counts does not matter.
func columnsFirst(shorter, narrower int) bool { return shorter > 0 && shorter > 2*narrower }

// fits bounds the memory in between.
func fits(dst *Image, in window, downFirst bool) error {
	need := int64(in.h) * int64(dst.W) * int64(dst.C)
	if downFirst {
		need = int64(dst.H) * int64(in.w+dst.W) * int64(dst.C)
	}
	if need > maxScratch {
		return fmt.Errorf("pixels: resize: %dx%d to %dx%d needs %s in between, want at most %s (resize in two steps)",
			in.h, in.w, dst.H, dst.W, memory.Format(need), memory.Format(maxScratch))
	}
	return nil
}

// widen shapes r.wide for h rows of w pixels as a kernel writes them.
func (r *Resizer) widen(w, h, c int) {
	const store = 4 // bytes that a kernel writes at a pixel
	blocks := (h + r.kernels.Rows - 1) / r.kernels.Rows
	r.wide.reshape(w, blocks*r.kernels.Rows, c, w*c+store)
	r.wide.H = h
	r.stepsAcross = r.across.steps(c)
}

// rows resamples the rows of a picture into r.wide, from its row first on, which is one that a kernel may begin with.
func (r *Resizer) rows(first int, in *Image) {
	kernel, n, out := r.kernels.Across[in.C], r.wide.W, &r.wide
	step := cpu.StepPixels(in.C) * in.C
	reads := int(r.across.from[n-1])*in.C + (r.stepsAcross-1)/2*2*step + 16 // bytes of a row, see cpu.AcrossFunc
	for y := 0; y < in.H; y += r.kernels.Rows {
		pix, stride := in.Pix[y*in.Stride:], in.Stride
		if (r.kernels.Rows-1)*stride+reads > len(pix) {
			pix, stride = r.padded(in, y, reads)
		}
		kernel(n, &out.Pix[(first+y)*out.Stride], out.Stride, &pix[0], stride, &r.across.starts[0], r.stepsAcross,
			&r.across.words[0])
	}
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
	n := dst.W * dst.C
	kernel := r.kernels.Down
	if n < r.kernels.Least {
		kernel = cpu.For(cpu.Portable).Resample.Down
	}
	for y := range dst.H {
		kernel(n, &dst.Row(y)[0], &in.Row(int(r.down.from[y]))[0], in.Stride, int(r.down.counts[y]),
			&r.down.words[y*r.pairsDown])
	}
}

// nearest takes the pixel in which the centre of each new one lies, a row at a time. The centres are found by adding
// up, as Pillow does.
func (r *Resizer) nearest(dst *Image, src Source, part Rect) (err error) {
	r.across.from = centres(r.across.from, dst.W, part.columns())
	r.down.from = centres(r.down.from, dst.H, part.rows())
	first, last := r.across.from[0], r.across.from[dst.W-1]
	for y, from := range r.down.from {
		if r.source, err = src.Part(int(first), int(from), int(last-first)+1, 1); err != nil {
			return err
		}
		in, out := r.source.Row(0), dst.Row(y)
		for _, from := range r.across.from {
			copy(out[:dst.C], in[int(from-first)*dst.C:])
			out = out[dst.C:]
		}
	}
	return nil
}

func centres(at []int32, n int, s span) []int32 {
	at = resized(at, n)
	step := float64(s.to-s.from) / float64(n)
	centre := float64(s.from) + float64(step*0.5)
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
