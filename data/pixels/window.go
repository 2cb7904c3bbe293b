package pixels

// pieceBytes is about what a piece of a picture takes that is not in memory as a whole. Pieces of leastSide pixels may
// take more.
const (
	pieceBytes = 1 << 20
	leastSide  = 16
)

// window is the part of a source that counts.
type window struct {
	src        Source
	x, y, w, h int
}

// piece returns how many rows or columns of so many pixels are asked for at once.
func (in window) piece(pixels int) int {
	_, _, c := in.src.Size()
	return max(leastSide, pieceBytes/(pixels*c)/leastSide*leastSide)
}

// read returns a piece of the source, its colours premultiplied.
func (r *Resizer) read(in window, x, y, w, h int) (*Image, error) {
	var err error
	if r.source, err = in.src.Part(in.x+x, in.y+y, w, h); err != nil {
		return nil, err
	}
	m := &r.source
	if !hasAlpha(m.C) {
		return m, nil
	}
	r.premultiplied.reshape(m.W, m.H, m.C, m.W*m.C)
	premultiply(&r.premultiplied, m)
	return &r.premultiplied, nil
}

// sourceRows passes across the rows of the source, into r.wide.
func (r *Resizer) sourceRows(in window) error {
	n := in.piece(in.w)
	for y := 0; y < in.h; y += n {
		m, err := r.read(in, 0, y, in.w, min(n, in.h-y))
		if err != nil {
			return err
		}
		r.rows(y, m)
	}
	return nil
}

// sourceColumns passes down the columns of the source, into dst.
func (r *Resizer) sourceColumns(dst *Image, in window) error {
	n := in.piece(in.h)
	for x := 0; x < in.w; x += n {
		m, err := r.read(in, x, 0, min(n, in.w-x), in.h)
		if err != nil {
			return err
		}
		strip, err := dst.Part(x, 0, m.W, dst.H)
		if err != nil {
			return err
		}
		r.columns(&strip, m)
	}
	return nil
}
