package pixels

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Filter is a way of resampling. All but Nearest take the mean of the pixels that a new one covers where a picture
// shrinks: their support grows with the reduction, as with antialias=True in torchvision.
type Filter uint8

// The filters, by the names that Pillow and torchvision have for them.
const (
	Nearest Filter = iota
	Box
	Bilinear
	Hamming
	Bicubic // a = -0.5
	Lanczos // three lobes
)

var filterNames = []string{"nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"}

func (f Filter) String() string {
	if int(f) < len(filterNames) {
		return filterNames[f]
	}
	return fmt.Sprintf("filter(%d)", uint8(f))
}

// FilterNames returns the names that ParseFilter accepts.
func FilterNames() []string { return slices.Clone(filterNames) }

// ParseFilter returns the filter of a name.
func ParseFilter(name string) (Filter, error) {
	if i := slices.Index(filterNames, name); i >= 0 {
		return Filter(i), nil
	}
	return 0, fmt.Errorf("pixels: interpolation %q, want one of %s", name, strings.Join(filterNames, ", "))
}

// support is the distance from which on a filter's weight is 0, in pixels.
func (f Filter) support() float64 {
	return [...]float64{Box: 0.5, Bilinear: 1, Hamming: 1, Bicubic: 2, Lanczos: 3}[f]
}

// weight is the filter at the distance t. The products are converted to float64 so that no compiler fuses them with a
// sum: the weights are the same on every machine.
func (f Filter) weight(t float64) float64 {
	switch f {
	case Box:
		if t > -0.5 && t <= 0.5 {
			return 1
		}
		return 0
	case Bilinear:
		return max(0, 1-math.Abs(t))
	case Hamming:
		return hamming(math.Abs(t))
	case Bicubic:
		return cubic(math.Abs(t))
	case Lanczos:
		if t >= -3 && t < 3 {
			return sinc(t) * sinc(t/3)
		}
	}
	return 0
}

func hamming(t float64) float64 {
	if t >= 1 {
		return 0
	}
	const a, b = float32(0.54), float32(0.46) // as Pillow writes them
	return sinc(t) * (float64(a) + float64(float64(b)*math.Cos(t*math.Pi)))
}

// cubic is Keys' kernel of 1981 with a = -0.5.
func cubic(t float64) float64 {
	const a = -0.5
	switch {
	case t < 1:
		return float64((float64((a+2)*t)-(a+3))*t*t) + 1
	case t < 2:
		return (float64((float64((t-5)*t)+8)*t) - 4) * a
	}
	return 0
}

// sinc is sin(pi t) / (pi t).
func sinc(t float64) float64 {
	if t == 0 {
		return 1
	}
	return math.Sin(t*math.Pi) / (t * math.Pi)
}
