package nn

import "resnet/nn/internal/enum"

// Precision is the arithmetic of a CUDA backend. Parameters, their gradients, optimiser states and batch norm's
// statistics are float32 in all of them.
type Precision uint8

const (
	FP32 Precision = iota // float32 products and sums (FMA)
	TF32                  // tensor cores: products of float32 rounded to 10 bits of mantissa
	BF16                  // bfloat16 activations and products, float32 sums
	FP16                  // the same in float16, with a dynamic loss scale
)

var precisionNames = [...]string{"fp32", "tf32", "bf16", "fp16"}

func (p Precision) String() string { return precisionNames[p] }

// Precisions lists the names of the precisions.
func Precisions() []string { return precisionNames[:] }

// ParsePrecision returns the precision of that name.
func ParsePrecision(name string) (Precision, error) {
	return enum.Parse[Precision]("nn: precision", name, precisionNames[:])
}

// Is16Bit says whether activations have 16 bits.
func (p Precision) Is16Bit() bool { return p == BF16 || p == FP16 }
