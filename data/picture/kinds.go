package picture

import (
	"image"
	"image/color"
)

// opaque converts the pixels from (x, y) on to red, green and blue, if the picture is of a kind without alpha.
func (v *View) opaque(out []byte, x, y int) bool {
	switch m := v.Image.(type) {
	case *image.YCbCr:
		v.yCbCrRow(out, m, x, y)
	case *image.Gray:
		spread(out, m.Pix[m.PixOffset(x, y):], 1)
	case *image.Gray16:
		spread(out, m.Pix[m.PixOffset(x, y):], 2)
	case *image.CMYK:
		cmykRow(out, m.Pix[m.PixOffset(x, y):])
	default:
		return false
	}
	return true
}

// transparent converts the pixels from (x, y) on of other kinds to red, green, blue and alpha.
func (v *View) transparent(out []byte, x, y int) {
	switch m := v.Image.(type) {
	case *image.NRGBA:
		copy(out, m.Pix[m.PixOffset(x, y):])
	case *image.NRGBA64:
		upperHalves(out, m.Pix[m.PixOffset(x, y):])
	case *image.RGBA:
		copy(out, m.Pix[m.PixOffset(x, y):])
		divideByAlpha(out)
	case *image.RGBA64:
		upperHalves(out, m.Pix[m.PixOffset(x, y):])
		divideByAlpha(out)
	case *image.Paletted:
		for i, index := range m.Pix[m.PixOffset(x, y):][:len(out)/4] {
			copy(out[4*i:], v.palette[index][:])
		}
	case *image.NYCbCrA:
		n := len(out) / 4
		v.rgb = room(v.rgb, 3*n)
		v.yCbCrRow(v.rgb, &m.YCbCr, x, y)
		withAlpha(out, v.rgb)
		for i, alpha := range m.A[m.AOffset(x, y):][:n] {
			out[4*i+3] = alpha
		}
	default:
		for i := 0; i < len(out); i += 4 {
			copy(out[i:], straight(m.At(x+i/4, y)))
		}
	}
}

// spread writes greys of so many bytes, of which the first counts.
func spread(out, in []byte, size int) {
	for i := 0; i < len(out); i += 3 {
		g := in[i/3*size]
		out[i], out[i+1], out[i+2] = g, g, g
	}
}

// cmykRow converts ink to light.
func cmykRow(out, in []byte) {
	for i := 0; i < len(out); i += 3 {
		p := in[i/3*4:][:4]
		light := 255 - uint32(p[3])
		for k, ink := range p[:3] {
			out[i+k] = byte(light - min(light, div255(uint32(ink)*light)))
		}
	}
}

func upperHalves(out, in []byte) {
	for i := range out {
		out[i] = in[2*i]
	}
}

// divideByAlpha makes colours straight that have been multiplied by their alpha.
func divideByAlpha(p []byte) {
	for ; len(p) >= 4; p = p[4:] {
		if alpha := uint32(p[3]); alpha != 255 && alpha != 0 {
			for k, value := range p[:3] {
				p[k] = byte(min(255, (255*uint32(value)+alpha/2)/alpha))
			}
		}
	}
}

// withAlpha adds an alpha of 255.
func withAlpha(out, rgb []byte) {
	for ; len(out) >= 4; out, rgb = out[4:], rgb[3:] {
		out[0], out[1], out[2], out[3] = rgb[0], rgb[1], rgb[2], 255
	}
}

func straight(c color.Color) []byte {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	return []byte{n.R, n.G, n.B, n.A}
}

// setPalette keeps a palette as bytes. Colours that it lacks are black.
func (v *View) setPalette(p color.Palette) {
	for i := range v.palette {
		v.palette[i] = [4]byte{3: 255}
		if i < len(p) {
			copy(v.palette[i][:], straight(p[i]))
		}
	}
}
