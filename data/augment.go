package data

import (
	"fmt"
	"math/bits"
)

// Augmentation is how the images of a training set are varied from epoch to epoch. The zero value leaves them as they
// are.
type Augmentation struct {
	HFlip       float64 `json:"hflip"`        // probability that an image is mirrored, left to right
	CropPadding int     `json:"crop_padding"` // images move by up to so many pixels, each way; zeros come in
}

// maxPadding is what a Sample has room for.
const maxPadding = 127

// Validate reports a setting that makes no sense.
func (a Augmentation) Validate() error {
	switch {
	case !(a.HFlip >= 0 && a.HFlip <= 1):
		return fmt.Errorf("hflip %g, want a probability from 0 to 1", a.HFlip)
	case a.CropPadding < 0 || a.CropPadding > maxPadding:
		return fmt.Errorf("crop padding of %d pixels, want 0 to %d", a.CropPadding, maxPadding)
	}
	return nil
}

// Sample is one image of a batch: which of the set, and how it is varied. Its pixel (y, x) is the set's (y+DY, x+DX), 0
// where that lies outside, and x counts from the right if Flip is set. That is torchvision's RandomCrop of the padded
// image followed by its RandomHorizontalFlip.
type Sample struct {
	Index  int32
	DY, DX int8
	Flip   bool
}

// Samples fills dst[i] with the sample of image idx[i] in this epoch. It is a function of seed, epoch and image alone,
// whatever the others in the batch are. Shifts are uniform over -CropPadding..CropPadding, each way by itself.
func (a Augmentation) Samples(dst []Sample, idx []int32, seed uint64, epoch int) {
	for i, v := range idx {
		dst[i] = Sample{Index: v}
		if a == (Augmentation{}) {
			continue
		}
		key := Key(seed, StreamAugment, epoch, int(v))
		dst[i].DY, dst[i].DX = a.shift(nth(key, 0)), a.shift(nth(key, 1))
		dst[i].Flip = float64(nth(key, 2)>>11)/(1<<53) < a.HFlip // 53 bits are what a float64 holds
	}
}

// shift scales 64 random bits to the range of a shift; the bias of some 2^-56 is below notice.
func (a Augmentation) shift(random uint64) int8 {
	high, _ := bits.Mul64(random, uint64(2*a.CropPadding+1))
	return int8(int(high) - a.CropPadding)
}

// Assemble copies the images of the samples, varied, one after another into pixels, and their labels into labels. There
// must be room for len(samples)*H*W*C bytes and len(samples) labels. It allocates nothing and may run on several
// goroutines at once.
func (s *Set) Assemble(pixels []byte, labels []int32, samples []Sample) {
	n := s.H * s.W * s.C
	if len(pixels) < n*len(samples) || len(labels) < len(samples) {
		panic(fmt.Sprintf("data: assemble: room for %d pixel bytes and %d labels, want %d and %d",
			len(pixels), len(labels), n*len(samples), len(samples)))
	}
	for k, sample := range samples {
		labels[k] = s.Labels[sample.Index]
		out, in := pixels[k*n:(k+1)*n], s.Image(int(sample.Index))
		if sample.DY == 0 && sample.DX == 0 && !sample.Flip {
			copy(out, in)
		} else {
			s.place(out, in, sample)
		}
	}
}

// place writes one image, moved and mirrored as its sample says.
func (s *Set) place(out, in []byte, d Sample) {
	clear(out)
	row := s.W * s.C
	dy, dx := int(d.DY), int(d.DX)
	left, right := max(0, -dx), min(s.W, s.W-dx) // the columns, before a flip, that lie inside
	for y := max(0, -dy); y < min(s.H, s.H-dy); y++ {
		from, to := in[(y+dy)*row:(y+dy+1)*row], out[y*row:(y+1)*row]
		if !d.Flip {
			if left < right {
				copy(to[left*s.C:right*s.C], from[(left+dx)*s.C:])
			}
			continue
		}
		for x := left; x < right; x++ {
			copy(to[(s.W-1-x)*s.C:(s.W-x)*s.C], from[(x+dx)*s.C:])
		}
	}
}
