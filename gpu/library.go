//go:build !nocuda

package gpu

/*
#include <cuda.h>
#include <stdlib.h>
#include "forward.h"

// realInit is the driver's cuInit. The bindings call cuInit before main and end
// the process when it fails, so the header in ../shim hides it from them.
static CUresult realInit(void) { return goshim_real_cuInit(0); }
*/
import "C"

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"
)

// Library is one of the three libraries that Load opens.
type Library struct {
	Name string // DriverLibrary, DNNLibrary or BLASLibrary
	Path string // the file that was opened, empty if none was
	// Version is that of the file, Compiled that of the headers, each in the form of the library: 13000 is CUDA 13.0,
	// 92801 cuDNN 9.28.1, 130002 cuBLAS 13.0.2.
	Version, Compiled int
	Err               error // why it cannot be used
}

// The libraries' names.
const (
	DriverLibrary = "driver"
	DNNLibrary    = "cuDNN"
	BLASLibrary   = "cuBLAS"
)

// Indices in Libraries and in forward.h.
const (
	libDriver = C.FORWARD_CUDA
	libDNN    = C.FORWARD_CUDNN
	libBLAS   = C.FORWARD_CUBLAS
)

// libraries has the result of opening each library, which happens once.
var libraries [len(wanted)]struct {
	once sync.Once
	Library
}

func library(which int) Library {
	l := &libraries[which]
	l.once.Do(func() { l.Library = wanted[which].load(C.int(which)) })
	return l.Library
}

// Load opens and initialises the driver, and opens cuDNN and cuBLAS. Only the first call does so; later calls return
// its result.
func Load() error {
	// Each of these takes a while, so cuDNN and cuBLAS are opened while the driver starts. They are opened one after
	// the other, because they depend on common libraries.
	go func() {
		library(libDNN)
		library(libBLAS)
	}()
	for which := range libraries {
		if err := library(which).Err; err != nil {
			return err
		}
	}
	return nil
}

// Libraries describes the three libraries, even if Load fails.
func Libraries() []Library {
	list := make([]Library, len(libraries))
	for which := range list {
		list[which] = library(which)
	}
	return list
}

// load opens a library and checks its version; it also initialises the driver.
func (w want) load(which C.int) Library {
	l := Library{Name: w.name, Compiled: w.compiled}
	l.Err = openFirst(w.soname, w.install, func(path string) error { return openForward(which, path) })
	if l.Err != nil {
		return l
	}
	l.Path = C.GoString(C.forward_path(which))
	if l.Version, l.Err = w.version(); l.Err != nil {
		return l
	}
	err := w.fits(l.Version)
	if err == nil && which == libDNN {
		err = dnnRuns(library(libDriver).Version)
	}
	if err != nil {
		l.Err = fmt.Errorf("gpu: %s: %w", l.Path, err)
	} else if which == libDriver {
		l.Err = driverStatus("cuInit", C.realInit())
	}
	return l
}

// openForward opens a file for the forwarding table of a library.
func openForward(which C.int, path string) error {
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	var text [512]C.char
	if C.forward_open(which, cpath, &text[0], C.size_t(len(text))) != 0 {
		return errors.New(oneLine(C.GoString(&text[0])))
	}
	return nil
}

// has reports whether an open library has a function.
func has(which int, symbol string) bool {
	csymbol := C.CString(symbol)
	defer C.free(unsafe.Pointer(csymbol))
	return C.forward_has(C.int(which), csymbol) == 1
}
