//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"
	"unsafe"

	"resnet/data"
	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// residentSet is a data set in device memory.
type residentSet struct {
	images, labels *gpu.Buffer
	n              int
}

// Upload implements nn.Async.
func (e *executor) Upload(images []byte, labels []int32) (set int, err error) {
	defer e.backend.device.Enter()()
	set, err = e.upload(images, labels)
	return set, e.backend.wrap(err)
}

func (e *executor) upload(images []byte, labels []int32) (int, error) {
	each := e.graph.Elems(e.graph.Images, 1)
	if len(labels) == 0 || len(images) != len(labels)*each {
		return 0, fmt.Errorf("set of %d image bytes and %d labels, want %d bytes for each label",
			len(images), len(labels), each)
	}
	if err := e.graph.CheckLabels(nn.Bytes(labels)); err != nil {
		return 0, err
	}
	s := residentSet{n: len(labels)}
	var err error
	if s.images, err = e.backend.device.Alloc("images of a data set", int64(len(images))); err != nil {
		return 0, err
	}
	if s.labels, err = e.backend.device.Alloc("labels of a data set", 4*int64(len(labels))); err != nil {
		return 0, errors.Join(err, s.images.Free())
	}
	e.buffers = append(e.buffers, s.images, s.labels)
	if err := e.transfer.write(s.images.Ptr, images); err != nil {
		return 0, err
	}
	if err := e.transfer.write(s.labels.Ptr, nn.Bytes(labels)); err != nil {
		return 0, err
	}
	e.sets = append(e.sets, s)
	return len(e.sets) - 1, nil
}

// Assemble implements nn.Async. The samples travel through the upload ring of Write's images.
func (e *executor) Assemble(set int, samples []data.Sample) error {
	defer e.backend.device.Enter()()
	return e.backend.wrap(e.assemble(set, samples))
}

func (e *executor) assemble(set int, samples []data.Sample) error {
	if err := e.checkSet(set); err != nil {
		return err
	}
	if most := e.plan.MaxBatch(); len(samples) < 1 || len(samples) > most {
		return fmt.Errorf("batch of %d images, want 1 to the plan's batch of %d", len(samples), most)
	}
	s := e.sets[set]
	slot, err := e.imageRing.slot()
	if err != nil {
		return err
	}
	n, err := s.putSamples(slot, samples)
	if err != nil {
		return err
	}
	if err := e.imageRing.send(e.samples.Ptr, n); err != nil {
		return err
	}
	return e.assembleSamples(s, e.samples.Ptr, 0, len(samples))
}

func (e *executor) checkSet(set int) error {
	if set < 0 || set >= len(e.sets) {
		return fmt.Errorf("batch from set %d, want 0 to %d", set, len(e.sets)-1)
	}
	return nil
}

// sampleBytes is the size of a sample. The kernel that assembles a batch reads samples in Go's layout.
const sampleBytes = int(unsafe.Sizeof(data.Sample{}))

// putSamples copies samples of the set to a slot of an upload ring and returns how many bytes they are.
func (s residentSet) putSamples(slot []byte, samples []data.Sample) (n int, err error) {
	for _, x := range samples {
		if x.Index < 0 || int(x.Index) >= s.n {
			return 0, fmt.Errorf("batch with image %d, want 0 to %d", x.Index, s.n-1)
		}
	}
	return copy(slot, entries(samples)), nil
}

// assembleSamples assembles a batch of n images from samples in device memory, and copies the step scalars from params,
// also in device memory, unless that is 0.
func (e *executor) assembleSamples(s residentSet, samples, params gpu.Ptr, n int) error {
	b, shape := e.backend, e.graph.Type(e.graph.Images).Shape
	batch := kernels.Batch{
		Pixels: e.pixels.Ptr, Labels: e.labels.Ptr, DatasetPixels: s.images.Ptr, DatasetLabels: s.labels.Ptr,
		Samples: samples, H: shape.H, W: shape.W, C: shape.C, N: n,
	}
	if params != 0 {
		batch.StepParams, batch.StepParamsSrc = e.stepParams.Ptr, params
	}
	return b.kernels.AssembleBatch(b.stream, batch)
}
