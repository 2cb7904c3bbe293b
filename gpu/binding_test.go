//go:build !nocuda

package gpu

import (
	"reflect"
	"testing"

	"gorgonia.org/cu"
	cudnn "gorgonia.org/cu/dnn"
)

// field0 takes the C handle from the first field of the bindings' structs.
func TestHandleIsFirstField(t *testing.T) {
	for _, x := range []any{
		cu.Function{}, cudnn.TensorDescriptor{}, cudnn.Filter{}, cudnn.Convolution{}, cudnn.Pooling{},
	} {
		typ := reflect.TypeOf(x)
		if f := typ.Field(0); f.Type.Kind() != reflect.Pointer || f.Offset != 0 {
			t.Errorf("the first field of %v is %s %v, want a C pointer", typ, f.Name, f.Type)
		}
	}
}

// bindingCode takes the status from the bindings' errors, which are numbers.
func TestBindingErrorsAreNumbers(t *testing.T) {
	for _, x := range []error{cu.NotReady, cudnn.NotSupported} {
		if kind := reflect.TypeOf(x).Kind(); kind != reflect.Int {
			t.Errorf("%T is %v, want int", x, kind)
		}
	}
	if got := bindingCode(cu.NotReady); got != 600 {
		t.Errorf("CUDA_ERROR_NOT_READY is %d, want 600", got)
	}
}
