package data

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// Pinned from the definition written down a second time in Python: resumed runs need the same samples.
func TestSamplesPinned(t *testing.T) {
	for _, c := range []struct {
		seed  uint64
		epoch int
		a     Augmentation
		want  Sample
	}{
		{1, 0, Augmentation{0.5, 4}, Sample{0, 2, 4, true}},
		{1, 0, Augmentation{0.5, 4}, Sample{1, 4, 4, false}},
		{1, 1, Augmentation{0.5, 4}, Sample{0, -2, 2, true}},
		{42, 29, Augmentation{0.5, 4}, Sample{59999, -4, 2, false}},
		{7, 3, Augmentation{0.5, 127}, Sample{5, -98, 121, false}},
		{7, 3, Augmentation{0, 1}, Sample{6, 0, 0, false}},
		{7, 3, Augmentation{}, Sample{6, 0, 0, false}},
	} {
		got := make([]Sample, 1)
		c.a.Samples(got, []int32{c.want.Index}, c.seed, c.epoch)
		if got[0] != c.want {
			t.Errorf("seed %d, epoch %d, %+v: %+v, want %+v", c.seed, c.epoch, c.a, got[0], c.want)
		}
	}
}

// Shifts of each way, and flips, are uniform and independent: chi-square over all 3*3*2 outcomes.
func TestSamplesAreUniform(t *testing.T) {
	const total = 18000
	a := Augmentation{HFlip: 0.5, CropPadding: 1}
	all := make([]Sample, total)
	a.Samples(all, Sequence(make([]int32, total)), 3, 1)
	count := map[Sample]int{}
	for _, d := range all {
		d.Index = 0
		count[d]++
	}
	checkChiSquare(t, 17, func(yield func(got, want float64)) {
		for _, n := range count {
			yield(float64(n), total/18)
		}
	})
	if len(count) != 18 {
		t.Errorf("%d kinds of samples, want 18", len(count))
	}
	a.HFlip = 1
	a.Samples(all, Sequence(make([]int32, total)), 3, 1)
	if slices.ContainsFunc(all, func(d Sample) bool { return !d.Flip }) {
		t.Error("an image that is not mirrored at probability 1")
	}
}

// Every shift from nothing to more than the image, with and without a flip, pixel by pixel as Sample's comment says.
func TestAssemble(t *testing.T) {
	s := &Set{N: 2, H: 3, W: 4, C: 2, Pixels: ramp(48), Labels: []int32{7, 5}}
	const each = 3 * 4 * 2
	var samples []Sample
	for dy := int8(-4); dy <= 4; dy++ {
		for dx := int8(-5); dx <= 5; dx++ {
			samples = append(samples, Sample{1, dy, dx, false}, Sample{0, dy, dx, true})
		}
	}
	pixels, labels := slices.Repeat([]byte{0xa5}, each*len(samples)+1), make([]int32, len(samples)+1)
	labels[len(samples)] = -1
	s.Assemble(pixels, labels, samples)
	for k, d := range samples {
		want := make([]byte, 0, each)
		for y := range s.H {
			for x := range s.W {
				if d.Flip {
					x = s.W - 1 - x
				}
				for c := range s.C {
					var v byte
					if iy, ix := y+int(d.DY), x+int(d.DX); iy >= 0 && iy < s.H && ix >= 0 && ix < s.W {
						v = s.Image(int(d.Index))[(iy*s.W+ix)*s.C+c]
					}
					want = append(want, v)
				}
			}
		}
		if got := pixels[k*each : (k+1)*each]; !slices.Equal(got, want) || labels[k] != s.Labels[d.Index] {
			t.Errorf("%+v: %v with label %d, want %v with %d", d, got, labels[k], want, s.Labels[d.Index])
		}
	}
	if pixels[len(pixels)-1] != 0xa5 || labels[len(samples)] != -1 {
		t.Error("room left over was touched")
	}
	if n := testing.AllocsPerRun(10, func() { s.Assemble(pixels, labels, samples) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic where pixels is too short")
		}
	}()
	s.Assemble(pixels[:each-1], labels, samples[:1])
}

func TestAugmentationValidate(t *testing.T) {
	for want, a := range map[string]Augmentation{
		"hflip 1.5, want a probability": {HFlip: 1.5}, "hflip NaN": {HFlip: math.NaN()}, "hflip -0.1": {HFlip: -0.1},
		"padding of -1 pixels": {CropPadding: -1}, "padding of 128 pixels, want 0 to 127": {CropPadding: 128},
	} {
		if err := a.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", a, err, want)
		}
	}
	if err := (Augmentation{1, 127}).Validate(); err != nil {
		t.Error(err)
	}
}
