package plots

import (
	"image/color"
	"math"
)

func rgb(hex uint32) color.RGBA {
	return color.RGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

var (
	background = rgb(0xffffff)
	empty      = rgb(0xf6f7f8) // a cell whose count is 0
	ink        = rgb(0x1f2328)
	muted      = rgb(0x5c636b)
	grid       = rgb(0xe4e7ea)
	blue       = rgb(0x0072b2)
	vermilion  = rgb(0xd55e00)
	wrong      = rgb(0xc2182b)
)

// palette has the colours of lines on white: those of Okabe and Ito without yellow, which is too light, and with a grey
// in place of black.
var palette = []color.RGBA{
	blue, vermilion, rgb(0x009e73), rgb(0xcc79a7), rgb(0xe69f00), rgb(0x56b4e9), rgb(0x4d4d4d),
}

// ramp is interpolated, from dark to light, if there are more lines than colours in the palette.
var ramp = []color.RGBA{rgb(0x0b2c52), rgb(0x4a4fa3), rgb(0x9a4f9e), rgb(0xd6586f), rgb(0xea8a3a), rgb(0xd9b44a)}

// lineColors returns n colours for lines.
func lineColors(n int) []color.RGBA {
	if n <= len(palette) {
		return palette[:n]
	}
	colors := make([]color.RGBA, n)
	for i := range colors {
		at := float64(i) / float64(n-1) * float64(len(ramp)-1)
		j := min(int(at), len(ramp)-2)
		colors[i] = mix(ramp[j], ramp[j+1], at-float64(j))
	}
	return colors
}

// mix is (1-t) a + t b.
func mix(a, b color.RGBA, t float64) color.RGBA {
	part := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + t*(float64(y)-float64(x)))) }
	return color.RGBA{R: part(a.R, b.R), G: part(a.G, b.G), B: part(a.B, b.B), A: 255}
}

// diverging is blue at -1, white at 0 and vermilion at 1.
func diverging(t float64) color.RGBA {
	if t < 0 {
		return mix(background, blue, -t)
	}
	return mix(background, vermilion, t)
}

// on returns the colour of text on a background: white if its contrast is at least 3.5, otherwise black. WCAG 2 asks
// for 3 with large text and 4.5 with small text; we do not take the colour with the higher ratio, because on full blue
// that is black, which is harder to read.
func on(back color.RGBA) color.RGBA {
	if 1.05/(luminance(back)+0.05) >= 3.5 {
		return background
	}
	return color.RGBA{A: 255}
}

// luminance is WCAG 2's relative luminance, 0 to 1.
func luminance(c color.RGBA) float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.03928 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}
