package main

import (
	"go/ast"
	"go/parser"
	"go/types"
)

// kernel is a function that package cpu has once for each instruction set: add is addAVX2 and addAVX512 in assembly,
// and addGo, its portable twin, which is written by hand.
type kernel struct {
	name       string
	implements string // the method or type that documents it, as a doc link
	params     string
	emit       func(g *asm)
}

// vectors lists the vector kernels. The struct vectorKernels of package cpu, its value for each instruction set, the
// assembly and the declarations of the assembly are written from it.
//
// The order of a kernel's slices tells what they hold: see channelwise and reduction. A parameter floor is the least
// value of a result, 0 for ReLU and NaN for no limit, and the value that must be exceeded for a gradient to pass.
var vectors = []kernel{
	{"add", "[Kernels.Add]", "y, a, b []float32, floor float32", elementwise{4, add}.emit},
	{"relu", "[Kernels.ReLU]", "y, x []float32, floor float32", elementwise{4, relu}.emit},
	{"reluBackward", "[Kernels.ReLUBackward]", "dx, dy, y []float32, floor float32", elementwise{4, reluBackward}.emit},
	{"reluBackwardAdd", "[Kernels.ReLUBackward]", "dx, dy, y []float32, floor float32",
		elementwise{4, reluBackwardAdd}.emit},
	{"addScaled", "[Kernels.AddScaled]", "y, x []float32, alpha float32", elementwise{4, addScaled}.emit},
	{"scale", "[Kernels.Scale]", "y, x []float32, alpha float32", elementwise{4, scale}.emit},
	{"max", "[Kernels.Max]", "y, x []float32", elementwise{4, maximum}.emit},
	{"adam", "[Kernels.Adam]", "w, g, m, v []float32, beta1, beta2, step, vscale, eps, decay, rest1, rest2 float32",
		elementwise{1, adam}.emit},
	{"sgd", "[Kernels.SGD]", "w, g, v []float32, lr, momentum, decay float32", elementwise{2, sgd}.emit},
	{"nesterov", "[Kernels.SGD]", "w, g, v []float32, lr, momentum, decay float32", elementwise{2, nesterov}.emit},

	{"scaleShift", "[Kernels.ScaleShift]", "rows int, y, x, scale, shift []float32, floor float32",
		channelwise{data: 2, unroll: 4, body: scaleShift}.emit},
	{"addRow", "[Kernels.AddRow]", "rows int, y, row []float32, floor float32",
		channelwise{data: 1, unroll: 4, body: addRow}.emit},
	{"batchNormBackward", "[Kernels.BatchNormBackward]",
		"rows int, dx, dy, x, mean, scale, shift, a, b, k []float32, floor float32",
		channelwise{data: 3, unroll: 1, body: batchNormBackward}.emit},
	{"batchNormBackwardAdd", "[Kernels.BatchNormBackward]",
		"rows int, dx, dy, x, mean, scale, shift, a, b, k []float32, floor float32",
		channelwise{data: 3, unroll: 1, body: batchNormBackwardAdd}.emit},

	{"stats", "[Kernels.Stats]", "rows int, sum, sumsq, x, shift []float32",
		reduction{sums: 2, data: 1, body: stats}.emit},
	{"sumRows", "[Kernels.SumRows]", "rows int, sum, x []float32",
		reduction{sums: 1, data: 1, body: sumRows}.emit},
	{"batchNormReduce", "[Kernels.BatchNormReduce]",
		"rows int, sumDy, sumDyX, dy, x, mean, scale, shift []float32, floor float32",
		reduction{sums: 2, data: 2, body: batchNormReduce}.emit},

	{"peakFMA", "[Kernels.PeakFMA]", "n int, c, d float32", peakFMA},
}

func (k kernel) signature() string { return "func(" + k.params + ")" }

// floats returns the names of the parameters of type []float32 and of type float32.
func (k kernel) floats() (slices, scalars []string) {
	expr, err := parser.ParseExpr(k.signature())
	if err != nil {
		panic(k.name + ": " + err.Error())
	}
	for _, field := range expr.(*ast.FuncType).Params.List {
		for _, name := range field.Names {
			switch types.ExprString(field.Type) {
			case "[]float32":
				slices = append(slices, name.Name)
			case "float32":
				scalars = append(scalars, name.Name)
			}
		}
	}
	return slices, scalars
}
