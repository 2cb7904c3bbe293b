package augment

import (
	"math"

	"resnet/data/pixels"
)

// Hue turns the hue by a part of the circle, -0.5 to 0.5 (torchvision's adjust_hue): by way of Pillow's HSV, whose hue
// has 256 steps. Grey pictures have none.
func Hue(m *pixels.Image, part float64) {
	turn := byte(int32(part * 255))
	each(m, func(row []byte) {
		if m.C == 1 {
			return
		}
		for i := 0; i < len(row); i += 3 {
			p := (*[3]byte)(row[i : i+3])
			h, s, v := toHSV(*p)
			*p = fromHSV(h+turn, s, v)
		}
	})
}

// toHSV is convert("HSV"): in float32 where Pillow's variables are, in float64 where its expressions are.
func toHSV(p [3]byte) (h, s, v byte) {
	v = max(p[0], p[1], p[2])
	least := min(p[0], p[1], p[2])
	if v == least {
		return 0, 0, v
	}
	all := float32(v - least)
	below := func(c byte) float32 { return float32(v-c) / all }
	r, g, b := below(p[0]), below(p[1]), below(p[2])
	var hue float32
	switch v {
	case p[0]:
		hue = b - g
	case p[1]:
		hue = float32(2 + float64(r) - float64(b))
	default:
		hue = float32(4 + float64(g) - float64(r))
	}
	hue = float32(math.Mod(float64(hue)/6+1, 1))
	saturation := all / float32(v)
	return byte(float64(hue) * 255), byte(float64(saturation) * 255), v
}

// fromHSV is convert("RGB").
func fromHSV(h, s, v byte) [3]byte {
	if s == 0 {
		return [3]byte{v, v, v}
	}
	turn := float64(h) * 6 / 255
	sector := math.Floor(turn)
	f, fs := float32(turn-sector), float32(float64(s)/255)
	part := func(of float64) byte { return byte(math.Round(float64(v) * of)) }
	p := part(1 - float64(fs))
	q := part(1 - float64(fs*f))
	t := part(1 - float64(float64(fs)*(1-float64(f))))
	return [6][3]byte{{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}}[int(sector)%6]
}
