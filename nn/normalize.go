package nn

import "fmt"

// Normalize converts pixels from uint8 to float32: y = (x/255 - Mean[c]) / Std[c]. Empty Mean and Std mean 0 and 1.
type Normalize struct{ Mean, Std []float32 }

func (Normalize) Kind() string { return "input" }

func (op Normalize) Infer(in []Type) (Signature, error) {
	x := in[0]
	if x.DType != Uint8 {
		return Signature{}, fmt.Errorf("input of %v, want uint8 pixels", x.DType)
	}
	for _, s := range [][]float32{op.Mean, op.Std} {
		if len(s) != 0 && len(s) != x.Shape.C {
			return Signature{}, fmt.Errorf("normalisation with %d values for %d channels", len(s), x.Shape.C)
		}
	}
	return Signature{Out: Type{Shape: x.Shape}}, nil
}

func (Normalize) FLOPs(in []Type) int64 { return 2 * int64(in[0].Shape.Elems()) }

// Table is y for each channel and each of the 256 values of x.
func (op Normalize) Table(channels int) [][256]float32 {
	table := make([][256]float32, channels)
	for ch := range table {
		mean, std := 0.0, 1.0
		if len(op.Mean) > 0 {
			mean = float64(op.Mean[ch])
		}
		if len(op.Std) > 0 {
			std = float64(op.Std[ch])
		}
		for v := range table[ch] {
			table[ch][v] = float32((float64(v)/255 - mean) / std)
		}
	}
	return table
}
