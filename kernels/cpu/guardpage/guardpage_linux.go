package guardpage

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Map returns zeroed memory of at least so many float32s, in whole pages between two that fault when they are touched.
func Map(floats int) (mem []float32, unmap func()) {
	page := os.Getpagesize()
	size := (4*floats + page - 1) / page * page
	all, err := unix.Mmap(-1, 0, page+size+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	check(err)
	check(unix.Mprotect(all[:page], unix.PROT_NONE))
	check(unix.Mprotect(all[page+size:], unix.PROT_NONE))
	mem = unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(all[page:]))), size/4)
	return mem, func() { check(unix.Munmap(all)) }
}

// Protect makes whole pages of memory from Map fault too.
func Protect(mem []float32) {
	if len(mem) > 0 {
		check(unix.Mprotect(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(mem))), 4*len(mem)), unix.PROT_NONE))
	}
}

func check(err error) {
	if err != nil {
		panic(fmt.Sprintf("guardpage: %v", err))
	}
}

// Fault calls f. If f touches a page that faults, the error names the function that did.
func Fault(f func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch p := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = fmt.Errorf("%s touches memory outside of its operands", faulting())
		default:
			panic(p)
		}
	}()
	f()
	return nil
}

// faulting is the name of the function whose fault is being recovered from: the one that the runtime's handler
// interrupted.
func faulting() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	handled := false
	for {
		frame, more := frames.Next()
		if handled && !strings.HasPrefix(frame.Function, "runtime.") {
			return fmt.Sprintf("%s (line %d)", frame.Function, frame.Line)
		}
		handled = handled || frame.Function == "runtime.sigpanic"
		if !more {
			return "a function"
		}
	}
}
