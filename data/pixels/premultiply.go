package pixels

// mulDiv255 is a*b/255, rounded; a and b are bytes.
func mulDiv255(a, b uint32) byte {
	t := a*b + 128
	return byte((t>>8 + t) >> 8)
}

// premultiply writes the colours of src times their alpha to dst, which has the same size.
func premultiply(dst, src *Image) {
	c := src.C
	for y := range src.H {
		in, out := src.Row(y), dst.Row(y)
		for ; len(in) >= c && len(out) >= c; in, out = in[c:], out[c:] {
			alpha := in[c-1]
			for k, v := range in[:c-1] {
				out[k] = mulDiv255(uint32(v), uint32(alpha))
			}
			out[c-1] = alpha
		}
	}
}

// unpremultiply divides the colours by their alpha, rounding down. Those of alpha 0 stay.
func unpremultiply(m *Image) {
	c := m.C
	for y := range m.H {
		for p := m.Row(y); len(p) >= c; p = p[c:] {
			alpha := uint32(p[c-1])
			if alpha == 0 || alpha == 255 {
				continue
			}
			for k, v := range p[:c-1] {
				p[k] = byte(min(255, 255*uint32(v)/alpha))
			}
		}
	}
}
