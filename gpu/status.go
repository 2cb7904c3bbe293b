//go:build !nocuda

package gpu

/*
#cgo CFLAGS: -I${SRCDIR}/forward -Wno-deprecated-declarations
#cgo LDFLAGS: -lcublas -lcudnn -lcuda -ldl

#include <cublas_v2.h>
#include <cuda.h>
#include <cudnn.h>

// cuDNN 9 can explain the last failure on the calling thread; cuDNN 8 cannot.
static void lastErrorString(char *text, size_t size) {
	text[0] = 0;
#if CUDNN_MAJOR >= 9
	cudnnGetLastErrorString(text, size);
#endif
}
*/
import "C"

import (
	"reflect"
	"strings"
)

// driverStatus converts a status of the CUDA driver to an error.
func driverStatus(call string, status C.CUresult) error {
	if status == C.CUDA_SUCCESS {
		return nil
	}
	return driverError(call, "", int(status))
}

// bindingStatus converts an error of gorgonia.org/cu. Its type is not exported, but its value is the driver's status.
func bindingStatus(call string, err error) error {
	if err == nil {
		return nil
	}
	return driverError(call, "", bindingCode(err))
}

func bindingCode(err error) int { return int(reflect.ValueOf(err).Int()) }

func driverError(call, what string, code int) *Error {
	e := &Error{Call: call, What: what, Code: code, Hint: driverHints[code]}
	var text *C.char
	if C.cuGetErrorName(C.CUresult(code), &text) == C.CUDA_SUCCESS {
		e.Name = C.GoString(text)
	}
	if C.cuGetErrorString(C.CUresult(code), &text) == C.CUDA_SUCCESS {
		e.Text = C.GoString(text)
	}
	return e
}

// dnnStatus converts a status of cuDNN to an error, with cuDNN's explanation of the last failure on this thread.
func dnnStatus(call string, status C.cudnnStatus_t) error {
	if status == C.CUDNN_STATUS_SUCCESS {
		return nil
	}
	e := &Error{Call: call, Code: int(status), refused: refuses(int(status))}
	if has(libDNN, "cudnnGetErrorString") {
		e.Name = C.GoString(C.cudnnGetErrorString(status))
		var text [1024]C.char
		C.lastErrorString(&text[0], C.size_t(len(text)))
		e.Text = oneLine(C.GoString(&text[0]))
	}
	e.Hint = dnnHints[e.Name]
	return e
}

// refuses says whether a status of cuDNN means that it does not support a request, or failed at it. A parameter that it
// finds wrong is not such a status: that is a mistake of the caller. cuDNN 9 has families of statuses: 3002, a shape
// that is not supported, belongs to 3000.
func refuses(status int) bool {
	if status >= 1000 {
		status -= status % 1000
	}
	switch status {
	case C.CUDNN_STATUS_NOT_SUPPORTED, C.CUDNN_STATUS_INTERNAL_ERROR, C.CUDNN_STATUS_EXECUTION_FAILED:
		return true
	}
	return false
}

// dnnBindingStatus converts an error of gorgonia.org/cu/dnn. The bindings know no status above 1007 and call all of
// those NOT_SUPPORTED; only the text of the error tells them apart.
func dnnBindingStatus(call string, err error) error {
	if err == nil {
		return nil
	}
	return dnnStatus(call, C.cudnnStatus_t(bindingCode(err)))
}

// blasStatus converts a status of cuBLAS to an error.
func blasStatus(call string, status C.cublasStatus_t) error {
	if status == C.CUBLAS_STATUS_SUCCESS {
		return nil
	}
	e := &Error{Call: call, Code: int(status)}
	if has(libBLAS, "cublasGetStatusName") {
		e.Name = C.GoString(C.cublasGetStatusName(status))
		e.Text = C.GoString(C.cublasGetStatusString(status))
	}
	e.Hint = blasHints[e.Name]
	return e
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
