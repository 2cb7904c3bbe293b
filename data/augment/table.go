package augment

import "resnet/data/pixels"

// table maps a byte of a channel.
type table [256]byte

// apply maps every byte of the picture.
func (t *table) apply(m *pixels.Image) {
	each(m, func(row []byte) {
		for i, v := range row {
			row[i] = t[v]
		}
	})
}

// Posterize keeps so many upper bits of every byte, 0 to 8 (ImageOps.posterize).
func Posterize(m *pixels.Image, bits int) {
	var t table
	for i := range t {
		t[i] = byte(i) & ^byte(255>>bits)
	}
	t.apply(m)
}

// Solarize inverts bytes that are not below the threshold (ImageOps.solarize).
func Solarize(m *pixels.Image, threshold float64) {
	var t table
	for i := range t {
		t[i] = byte(i)
		if float64(i) >= threshold {
			t[i] = byte(255 - i)
		}
	}
	t.apply(m)
}

// Invert is ImageOps.invert.
func Invert(m *pixels.Image) { Solarize(m, 0) }

// tables maps the bytes of each channel.
type tables [3]table

func (t *tables) apply(m *pixels.Image) {
	each(m, func(row []byte) {
		for i := 0; i < len(row); i += m.C {
			for k, v := range row[i : i+m.C] {
				row[i+k] = t[k][v]
			}
		}
	})
}

// histograms counts the bytes of each channel.
func histograms(m *pixels.Image) (counts [3][256]int) {
	each(m, func(row []byte) {
		for i := 0; i < len(row); i += m.C {
			for k, v := range row[i : i+m.C] {
				counts[k][v]++
			}
		}
	})
	return counts
}

// AutoContrast spreads each channel's bytes over 0 to 255 (ImageOps.autocontrast).
func AutoContrast(m *pixels.Image) {
	var t tables
	for k, histogram := range histograms(m) {
		t[k].spread(&histogram)
	}
	t.apply(m)
}

// Equalize makes the bytes of each channel about equally frequent (ImageOps.equalize).
func Equalize(m *pixels.Image) {
	var t tables
	for k, histogram := range histograms(m) {
		t[k].equalize(&histogram)
	}
	t.apply(m)
}

func (t *table) spread(histogram *[256]int) {
	low, high := 0, 255
	for low < 255 && histogram[low] == 0 {
		low++
	}
	for high > 0 && histogram[high] == 0 {
		high--
	}
	scale, offset := 1.0, 0.0
	if high > low {
		scale = 255 / float64(high-low)
		offset = float64(-low) * scale
	}
	for i := range t {
		t[i] = byte(min(max(int(float64(float64(i)*scale)+offset), 0), 255))
	}
}

func (t *table) equalize(histogram *[256]int) {
	sum, kinds, last := 0, 0, 0
	for _, n := range histogram {
		if n > 0 {
			sum, kinds, last = sum+n, kinds+1, n
		}
	}
	step := (sum - last) / 255
	if kinds <= 1 {
		step = 0
	}
	n := step / 2
	for i := range t {
		if step == 0 {
			t[i] = byte(i)
			continue
		}
		t[i] = byte(min(n/step, 255))
		n += histogram[i]
	}
}
