package nn

import "resnet/nn/internal/enum"

// Precision says how a CUDA backend computes. Parameters, their gradients, optimiser state and batch norm's statistics
// are float32 in all of them.
type Precision uint8

const (
	FP32 Precision = iota // float32 products and sums (FMA)
	TF32                  // matrix units, products of float32 rounded to 10 bits of mantissa
	BF16                  // bfloat16 activations and products, float32 sums
	FP16                  // float16 likewise, with a loss scale that adapts
)

var precisionNames = [...]string{"fp32", "tf32", "bf16", "fp16"}

func (p Precision) String() string { return precisionNames[p] }

// Precisions lists their names.
func Precisions() []string { return precisionNames[:] }

// ParsePrecision is the precision of that name.
func ParsePrecision(name string) (Precision, error) {
	return enum.Parse[Precision]("nn: precision", name, precisionNames[:])
}

// half says whether activations take 16 bits.
func (p Precision) Is16Bit() bool { return p == BF16 || p == FP16 }
