//go:build !nocuda

package cuda

import (
	"errors"
	"math/rand/v2"
	"slices"
	"unsafe"

	"resnet/gpu"
	"resnet/nn"
)

// withDefaults replaces sizes of 0 by the defaults for a device with an L2 cache of so many bytes.
func withDefaults(s nn.RooflineSizes, p nn.Precision, l2Bytes int64) nn.RooflineSizes {
	if s.CopyBytes == 0 {
		s.CopyBytes = max(512<<20, 8*l2Bytes)
	}
	if s.Order == 0 {
		s.Order = 8192
		if p == nn.FP32 {
			s.Order = 4096
		}
	}
	if s.Runs == 0 {
		s.Runs = 20
	}
	return s
}

// Roofline implements nn.RooflineMeter.
func (b *backend) Roofline(s nn.RooflineSizes) (r nn.Roofline, err error) {
	defer b.device.Enter()()
	r.Sizes = withDefaults(s, b.config.Precision, b.device.L2Bytes())
	copySeconds, err := b.copySeconds(r.Sizes)
	if err != nil {
		return nn.Roofline{}, b.wrap(err)
	}
	productSeconds, err := b.productSeconds(r.Sizes)
	if err != nil {
		return nn.Roofline{}, b.wrap(err)
	}
	n := float64(r.Sizes.Order)
	r.CopyBytesPerSecond = 2 * float64(r.Sizes.CopyBytes) / copySeconds
	r.ProductFLOPS = 2 * n * n * n / productSeconds
	return r, nil
}

// copySeconds is the median time of a copy from one buffer to another.
func (b *backend) copySeconds(s nn.RooflineSizes) (seconds float64, err error) {
	buffers, err := b.rooflineBuffers("buffer of a timed copy", s.CopyBytes, 2)
	defer func() { err = errors.Join(err, freeAll(buffers)) }()
	if err != nil {
		return 0, err
	}
	if err := b.stream.Fill(buffers[0].Ptr, 0x3f800000, s.CopyBytes/4*4); err != nil {
		return 0, err
	}
	return b.medianSeconds(s.Runs, func() error {
		return b.stream.Copy(buffers[1].Ptr, buffers[0].Ptr, s.CopyBytes)
	})
}

// productSeconds is the median time of c = a b in the backend's precision. The matrices are random: zeros would take
// less power and let the clock rise.
func (b *backend) productSeconds(s nn.RooflineSizes) (seconds float64, err error) {
	t, n := gpu.Float32, s.Order
	if b.config.Precision.Is16Bit() {
		t = b.type16()
	}
	product := gpu.Product{Rows: n, Cols: n, Inner: n, In: t, Out: t, Math: b.gemmMath(), Alpha: 1}
	matrices, err := b.rooflineBuffers("matrix of a timed product", size(t, n*n), 3)
	defer func() { err = errors.Join(err, freeAll(matrices)) }()
	if err != nil {
		return 0, err
	}
	for i, m := range matrices[:2] {
		if err := b.randomize(m.Ptr, t, n*n, uint64(i)); err != nil {
			return 0, err
		}
	}
	return b.medianSeconds(s.Runs, func() error {
		return b.blas.Gemm(product, matrices[0].Ptr, matrices[1].Ptr, matrices[2].Ptr)
	})
}

func (b *backend) rooflineBuffers(what string, bytes int64, n int) ([]*gpu.Buffer, error) {
	var buffers []*gpu.Buffer
	for range n {
		buffer, err := b.device.Alloc(what, bytes)
		if err != nil {
			return buffers, err
		}
		buffers = append(buffers, buffer)
	}
	return buffers, nil
}

func freeAll(buffers []*gpu.Buffer) error {
	var errs []error
	for _, b := range buffers {
		errs = append(errs, b.Free())
	}
	return errors.Join(errs...)
}

// randomBlock is how many random numbers are generated; larger tensors repeat them.
const randomBlock = 1 << 20

// randomize fills n elements of a type with numbers from -1 to 1.
func (b *backend) randomize(dst gpu.Ptr, t gpu.DataType, n int, seed uint64) (err error) {
	block := min(n, randomBlock)
	host, err := b.device.AllocPinned("random numbers", 4*int64(block))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Free()) }()
	rng := rand.New(rand.NewPCG(seed, 0))
	numbers := unsafe.Slice((*float32)(unsafe.Pointer(&host.Bytes()[0])), block)
	for i := range numbers {
		numbers[i] = 2*rng.Float32() - 1
	}
	wide, err := b.device.Alloc("random numbers", 4*int64(block))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, wide.Free()) }()
	if err := b.stream.ToDevice(wide.Ptr, host, 0, 4*int64(block)); err != nil {
		return err
	}
	if t == gpu.Float32 {
		err = b.stream.Copy(dst, wide.Ptr, size(t, block))
	} else {
		err = b.kernels.Cast(b.stream, t, dst, wide.Ptr, block)
	}
	for done := block; err == nil && done < n; {
		more := min(done, n-done)
		err = b.stream.Copy(dst.Add(size(t, done)), dst, size(t, more))
		done += more
	}
	return errors.Join(err, b.stream.Sync())
}

// medianSeconds is the median time, between events, of the work that f queues. A quarter as many runs come before,
// while clocks rise.
func (b *backend) medianSeconds(runs int, f func() error) (seconds float64, err error) {
	events, err := newTimedEvents(b.device, runs+1)
	defer func() { err = errors.Join(err, closeAll(events)) }()
	if err != nil {
		return 0, err
	}
	for range (runs + 3) / 4 {
		if err := f(); err != nil {
			return 0, err
		}
	}
	if err := events[0].Record(b.stream); err != nil {
		return 0, err
	}
	for _, e := range events[1:] {
		if err := f(); err != nil {
			return 0, err
		}
		if err := e.Record(b.stream); err != nil {
			return 0, err
		}
	}
	if err := b.stream.Sync(); err != nil {
		return 0, err
	}
	times := make([]float64, runs)
	for i := range times {
		ms, err := events[i+1].Since(events[i])
		if err != nil {
			return 0, err
		}
		times[i] = ms / 1e3
	}
	slices.Sort(times)
	return times[runs/2], nil
}
