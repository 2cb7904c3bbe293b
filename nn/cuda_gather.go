//go:build !nocuda

package nn

import (
	"fmt"
	"unsafe"

	"resnet/gpu"
	"resnet/kernels/cuda"
)

// heldSet is a data set in device memory.
type heldSet struct {
	images, labels *gpu.Buffer
	n              int
}

// Hold implements Gatherer.
func (e *cudaExecutor) Hold(images []byte, labels []int32) (set int, err error) {
	defer e.backend.device.Enter()()
	set, err = e.hold(images, labels)
	return set, e.backend.wrap(err)
}

func (e *cudaExecutor) hold(images []byte, labels []int32) (int, error) {
	each := e.graph.Elems(e.graph.Images, 1)
	if len(labels) == 0 || len(images) != len(labels)*each {
		return 0, fmt.Errorf("set of %d image bytes and %d labels, want %d bytes for each label", len(images), len(labels), each)
	}
	if err := e.graph.checkLabels(Bytes(labels)); err != nil {
		return 0, err
	}
	s := heldSet{n: len(labels)}
	var err error
	if s.images, err = e.backend.device.Alloc("images of a data set", int64(len(images))); err != nil {
		return 0, err
	}
	e.buffers = append(e.buffers, s.images)
	if s.labels, err = e.backend.device.Alloc("labels of a data set", 4*int64(len(labels))); err != nil {
		return 0, err
	}
	e.buffers = append(e.buffers, s.labels)
	if err := e.transfer.write(s.images.Ptr, images); err != nil {
		return 0, err
	}
	if err := e.transfer.write(s.labels.Ptr, Bytes(labels)); err != nil {
		return 0, err
	}
	e.sets = append(e.sets, s)
	return len(e.sets) - 1, nil
}

// Gather implements Gatherer. The draws travel through the pipe of Write's
// images.
func (e *cudaExecutor) Gather(set int, draws []Draw) error {
	defer e.backend.device.Enter()()
	return e.backend.wrap(e.gather(set, draws))
}

func (e *cudaExecutor) gather(set int, draws []Draw) error {
	if err := e.checkSet(set); err != nil {
		return err
	}
	if most := e.plan.MaxBatch(); len(draws) < 1 || len(draws) > most {
		return fmt.Errorf("gather of %d images, want 1 to the plan's batch of %d", len(draws), most)
	}
	s := e.sets[set]
	slot, err := e.imagePipe.slot()
	if err != nil {
		return err
	}
	n, err := s.putDraws(slot, draws)
	if err != nil {
		return err
	}
	if err := e.imagePipe.send(e.draws.Ptr, n); err != nil {
		return err
	}
	return e.gatherDrawn(s, e.draws.Ptr, 0, len(draws))
}

func (e *cudaExecutor) checkSet(set int) error {
	if set < 0 || set >= len(e.sets) {
		return fmt.Errorf("gather from set %d, want 0 to %d", set, len(e.sets)-1)
	}
	return nil
}

// putDraws writes draws as the kernel reads them and says how many bytes.
func (s heldSet) putDraws(to []byte, draws []Draw) (n int, err error) {
	drawn := unsafe.Slice((*cuda.Draw)(unsafe.Pointer(&to[0])), len(draws))
	for i, d := range draws {
		if d.Index < 0 || int(d.Index) >= s.n {
			return 0, fmt.Errorf("gather of image %d, want 0 to %d", d.Index, s.n-1)
		}
		drawn[i] = cuda.Draw{Index: d.Index, DY: d.DY, DX: d.DX}
		if d.Flip {
			drawn[i].Flip = 1
		}
	}
	return len(draws) * drawBytes, nil
}

const drawBytes = int(unsafe.Sizeof(cuda.Draw{}))

// gatherDrawn gathers n images by draws that are on the device, and the step's
// scalars with them, unless hyper is 0.
func (e *cudaExecutor) gatherDrawn(s heldSet, draws, hyper gpu.Ptr, n int) error {
	b, shape := e.backend, e.graph.Type(e.graph.Images).Shape
	var to gpu.Ptr
	if hyper != 0 {
		to = e.hyper.Ptr
	}
	return b.kernels.Gather(b.stream, e.pixels.Ptr, e.labels.Ptr, s.images.Ptr, s.labels.Ptr, draws, to, hyper, shape.H, shape.W, shape.C, n)
}
