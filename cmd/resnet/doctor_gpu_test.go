package main

import (
	"errors"
	"testing"

	"resnet/nn/cuda"
)

// A product on the tensor cores that is wrong is a failure that names it and what the kernels were loaded from.
func TestExamineProducts(t *testing.T) {
	wrong := errors.New("cuda: product bf16 m16n8k16: 9 of 128 elements are wrong: row 0, column 2 is 3, want 2.5")
	f := examineProducts(cuda.InspectedGPU{Index: 1, Kernels: "machine code for sm_90", Products: []cuda.Product{
		{Name: "tf32 m16n8k8"}, {Name: "bf16 m16n8k16", Err: wrong},
	}})
	if f.Name != "tensor cores 1" || f.State != stateFailed || f.Hint == "" ||
		f.Text != wrong.Error()+"; kernels: machine code for sm_90" {
		t.Errorf("%+v, want a failure that names the product, what was found and wanted, and machine code", f)
	}
	if d := f.Details.([]productDetails); len(d) != 2 || d[0].Error != "" || d[1].Error != wrong.Error() {
		t.Errorf("details %+v, want an error for the second alone", d)
	}
}
