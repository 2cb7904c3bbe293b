package main

import (
	"go/ast"
	"go/parser"
	"go/types"
	"slices"
)

// kernel is a function that package cpu has once for each instruction set: add is addAVX2 and addAVX512 in assembly,
// and addGo, its portable twin, which is written by hand.
type kernel struct {
	name       string
	implements string // the method or type that documents it, as a doc link
	params     string
	emit       func(g *asm)
}

// vectors lists the vector kernels; each stands beside its body. The struct vectorKernels of package cpu, its value for
// each instruction set, the assembly and the declarations of the assembly are written from it.
//
// The order of a kernel's slices tells what they hold: see channelwise and reduction. A parameter floor is the least
// value of a result, 0 for ReLU and NaN for no limit, and the value that must be exceeded for a gradient to pass.
var vectors = slices.Concat(elementwiseKernels, optimizerKernels, channelwiseKernels, reductionKernels, peakKernels)

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
