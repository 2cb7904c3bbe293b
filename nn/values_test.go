package nn

import (
	"math"
	"strings"
	"testing"
)

func TestCheckValues(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	negativeZero := float32(math.Copysign(0, -1))
	for _, c := range []struct {
		name string
		x    []float32
		want string // "": accepted
	}{
		{"weight", nil, ""},
		{"weight", []float32{-1, math.MaxFloat32, 0x1p-149, negativeZero}, ""},
		{"weight", []float32{0, nan, inf}, "element 1 is NaN, want finite numbers"},
		{"weight", []float32{-inf}, "element 0 is -Inf, want finite numbers"},
		{"running_var", []float32{0, negativeZero, 1}, ""},
		{"running_var", []float32{0, 0, 0, -0.5}, "element 3 is -0.5, want a variance of 0 or more"},
		{"running_var", []float32{-1, inf}, "element 1 is +Inf, want finite numbers"},
		{"running_mean", []float32{-0.5}, ""},
	} {
		err := (&Param{Name: c.name}).CheckValues(c.x)
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s %v: error %v, want %q", c.name, c.x, err, c.want)
		}
	}
}
