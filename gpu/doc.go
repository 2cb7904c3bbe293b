// Package gpu wraps the parts of CUDA that a network needs: devices, memory, streams, events, graphs, modules, cuDNN
// and cuBLAS. It is a thin layer over gorgonia.org/cu and gorgonia.org/cu/dnn, and has all the cgo of this project.
// With the build tag nocuda it is empty.
//
//	err := gpu.Load()             // libcuda, libcudnn, libcublas
//	device, err := gpu.Open(0)
//	defer device.Close()          // returns an error if objects are still alive
//	leave := device.Enter()
//	defer leave()
//	stream, err := device.NewStream()
//	x, err := device.Alloc("x", 4*n)
//	err = stream.Fill(x.Ptr, 0, x.Bytes)
//	err = stream.Sync()
//
// Libraries. The three libraries are not linked but opened by Load, so that the program starts on any machine and can
// say what is missing. Nothing else in this package may be called before Load, Count or Open has succeeded, except
// Libraries.
//
// Threads. CUDA has a current context per operating system thread. Every call on an object of a device must be made
// between Device.Enter and the function that it returns, on the same goroutine. A device may be used by any number of
// goroutines, a stream, handle or descriptor by one at a time.
//
// Order. The work of a Stream runs asynchronously in the order in which it was queued. A method that takes a stream
// returns once its work is queued; its error may be that of earlier work. Memory must stay allocated, and host memory
// unchanged, until the stream has done the work (Stream.Sync, Event.Sync).
//
// Lifetimes. Objects that New, Alloc, Open, Load and EndCapture create are released by Close or Free, never by the
// garbage collector. Closing an object twice, or a nil object, does nothing.
//
// Errors. An error is an *Error, with the library's message and a hint, or *OutOfMemory. A call that fails leaves its
// object unchanged.
package gpu
