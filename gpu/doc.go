// Package gpu is everything of CUDA that a network needs and nothing more: devices, memory, streams, events, graphs,
// modules, cuDNN and cuBLAS. It is thin over gorgonia.org/cu and gorgonia.org/cu/dnn, and holds all the cgo there is.
// With the build tag nocuda it is empty.
//
//	err := gpu.Load()             // libcuda, libcudnn, libcublas
//	device, err := gpu.Open(0)
//	defer device.Close()          // names what was left alive
//	leave := device.Enter()
//	defer leave()
//	stream, err := device.NewStream()
//	x, err := device.Alloc("x", 4*n)
//	err = stream.Fill(x.Ptr, 0, x.Bytes)
//	err = stream.Sync()
//
// Libraries. The three libraries are not linked but opened by Load, so one binary starts on any machine and can say
// what is missing. Nothing else in this package may be called before Load, Count or Open has succeeded, except
// Libraries.
//
// Threads. CUDA has a current context for each operating system thread. Every call on something that belongs to a
// device is made between Device.Enter and the function it returns, on that goroutine. A device serves any number of
// goroutines, a stream, handle or descriptor one at a time.
//
// Order. Work put on a Stream runs later, in the order given. A method that takes a stream returns once the work is
// queued; its error may be that of earlier work. Memory must stay allocated, and host memory untouched, until the
// stream has passed it (Stream.Sync, Event.Sync).
//
// Lifetimes. What New, Alloc, Open, Load or EndCapture made is given back with Close or Free, never by the garbage
// collector. Closing twice, or closing nil, does nothing.
//
// Errors are values: *Error with the library's own words and a hint, or *OutOfMemory. A refused call leaves its object
// as it was.
package gpu
