//go:build !nocuda

package cuda

import (
	"fmt"
	"unsafe"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// heldSet is a data set in device memory.
type residentSet struct {
	images, labels *gpu.Buffer
	n              int
}

// Hold implements Gatherer.
func (e *executor) Upload(images []byte, labels []int32) (set int, err error) {
	defer e.backend.device.Enter()()
	set, err = e.upload_(images, labels)
	return set, e.backend.wrap(err)
}

func (e *executor) upload_(images []byte, labels []int32) (int, error) {
	each := e.graph.Elems(e.graph.Images, 1)
	if len(labels) == 0 || len(images) != len(labels)*each {
		return 0, fmt.Errorf("set of %d image bytes and %d labels, want %d bytes for each label", len(images), len(labels), each)
	}
	if err := e.graph.CheckLabels(nn.Bytes(labels)); err != nil {
		return 0, err
	}
	s := residentSet{n: len(labels)}
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
	if err := e.transfer.write(s.labels.Ptr, nn.Bytes(labels)); err != nil {
		return 0, err
	}
	e.sets = append(e.sets, s)
	return len(e.sets) - 1, nil
}

// Gather implements Gatherer. The draws travel through the pipe of Write's
// images.
func (e *executor) Assemble(set int, draws []nn.Sample) error {
	defer e.backend.device.Enter()()
	return e.backend.wrap(e.assemble(set, draws))
}

func (e *executor) assemble(set int, draws []nn.Sample) error {
	if err := e.checkSet(set); err != nil {
		return err
	}
	if most := e.plan.MaxBatch(); len(draws) < 1 || len(draws) > most {
		return fmt.Errorf("gather of %d images, want 1 to the plan's batch of %d", len(draws), most)
	}
	s := e.sets[set]
	slot, err := e.imageRing.slot()
	if err != nil {
		return err
	}
	n, err := s.putSamples(slot, draws)
	if err != nil {
		return err
	}
	if err := e.imageRing.send(e.samples.Ptr, n); err != nil {
		return err
	}
	return e.assembleSamples(s, e.samples.Ptr, 0, len(draws))
}

func (e *executor) checkSet(set int) error {
	if set < 0 || set >= len(e.sets) {
		return fmt.Errorf("gather from set %d, want 0 to %d", set, len(e.sets)-1)
	}
	return nil
}

// putDraws writes draws as the kernel reads them and says how many bytes.
func (s residentSet) putSamples(to []byte, draws []nn.Sample) (n int, err error) {
	drawn := unsafe.Slice((*kernels.Draw)(unsafe.Pointer(&to[0])), len(draws))
	for i, d := range draws {
		if d.Index < 0 || int(d.Index) >= s.n {
			return 0, fmt.Errorf("gather of image %d, want 0 to %d", d.Index, s.n-1)
		}
		drawn[i] = kernels.Draw{Index: d.Index, DY: d.DY, DX: d.DX}
		if d.Flip {
			drawn[i].Flip = 1
		}
	}
	return len(draws) * sampleBytes, nil
}

const sampleBytes = int(unsafe.Sizeof(kernels.Draw{}))

// gatherDrawn gathers n images by draws that are on the device, and the step's
// scalars with them, unless hyper is 0.
func (e *executor) assembleSamples(s residentSet, draws, hyper gpu.Ptr, n int) error {
	b, shape := e.backend, e.graph.Type(e.graph.Images).Shape
	var to gpu.Ptr
	if hyper != 0 {
		to = e.stepParams.Ptr
	}
	return b.kernels.Gather(b.stream, e.pixels.Ptr, e.labels.Ptr, s.images.Ptr, s.labels.Ptr, draws, to, hyper, shape.H, shape.W, shape.C, n)
}
