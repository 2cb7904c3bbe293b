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
	// Version is that of the file, Compiled that of the headers, each as the library counts: 13000 is CUDA 13.0, 92801
	// cuDNN 9.28.1, 130002 cuBLAS 13.0.2.
	Version, Compiled int
	Err               error // why it cannot be used
}

// The libraries' names.
const (
	DriverLibrary = "driver"
	DNNLibrary    = "cuDNN"
	BLASLibrary   = "cuBLAS"
)

// Positions in Libraries and in forward.h.
const (
	libDriver = C.FORWARD_CUDA
	libDNN    = C.FORWARD_CUDNN
	libBLAS   = C.FORWARD_CUBLAS
)

// libraries are opened one by one, each at most once.
var libraries [len(wanted)]struct {
	once sync.Once
	Library
}

func library(which int) Library {
	l := &libraries[which]
	l.once.Do(func() { l.Library = wanted[which].load(C.int(which)) })
	return l.Library
}

// Load opens the driver, starts it, and opens cuDNN and cuBLAS. Only the first call does anything; later ones return
// its outcome.
func Load() error {
	// The driver starts while the others are opened; each takes a while. Those two go one after the other, as they
	// share libraries of their own.
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

// Libraries says what there is of the three libraries, also where Load fails.
func Libraries() []Library {
	list := make([]Library, len(libraries))
	for which := range list {
		list[which] = library(which)
	}
	return list
}

// load opens a library, sees that its version fits, and starts the driver.
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
	if err := w.fits(l.Version); err != nil {
		l.Err = unusable(fmt.Sprintf("gpu: %s: %v", l.Path, err))
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

// has says whether an open library has a function.
func has(which int, symbol string) bool {
	csymbol := C.CString(symbol)
	defer C.free(unsafe.Pointer(csymbol))
	return C.forward_has(C.int(which), csymbol) == 1
}
