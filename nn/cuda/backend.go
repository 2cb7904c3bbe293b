//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"
	"strconv"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
)

// backend is one GPU: cuDNN for convolutions, batch norm and average pooling, cuBLAS for linear layers, our own kernels
// for the rest, all on one stream.
type backend struct {
	config        Config
	device        *gpu.Device
	stream        *gpu.Stream
	dnn           *gpu.DNN
	blas          *gpu.BLAS
	blasWorkspace *gpu.Buffer // given to cuBLAS, as it would else allocate its own, which a capture forbids
	kernels       *kernels.Kernels
	tuner         *tuner
}

// Devices counts GPUs. The error wraps gpu.ErrNoLibrary or gpu.ErrNoDevice where there is no driver or no GPU.
func Devices() (int, error) { return gpu.Count() }

// New is the backend "cuda:N".
func New(c Config) (nn.Backend, error) {
	d, err := gpu.Open(c.Device)
	if err != nil {
		return nil, fmt.Errorf("nn: cuda:%d: %w", c.Device, err)
	}
	b := &backend{config: c, device: d}
	if err := b.open(); err != nil {
		return nil, errors.Join(b.wrap(err), b.Close())
	}
	return b, nil
}

// blasWorkspaceBytes is the size that NVIDIA advises for Hopper, and more than earlier GPUs need.
const blasWorkspaceBytes = 32 << 20

func (b *backend) open() error {
	if err := b.supports(); err != nil {
		return err
	}
	defer b.device.Enter()()
	var err error
	if b.stream, err = b.device.NewFirstStream(); err != nil {
		return err
	}
	// Each takes a good part of a second, so they run at the same time.
	if err = b.device.Together(b.openKernels, b.openDNN, b.openBLAS); err != nil {
		return err
	}
	b.tuner = newTuner(b.config.Tune, b.tuningScope())
	b.noteCompiled()
	return nil
}

// supports returns an error if the device cannot run the kernels, or not in this precision.
func (b *backend) supports() error {
	if err := kernels.Supports(b.device); err != nil {
		return err
	}
	major, minor := b.device.ComputeCapability()
	if p := b.config.Precision; (p == nn.BF16 || p == nn.TF32) && major < 8 {
		return fmt.Errorf("precision %v wants compute capability 8.0, %s has %d.%d: --precision fp32, or fp16",
			p, b.device.Name(), major, minor)
	}
	return nil
}

// noteCompiled says why the driver had to compile the kernels, unless there is no machine code to expect.
func (b *backend) noteCompiled() {
	code := b.kernels.Code
	if b.config.Log != nil && code.Compiled != nil && !errors.Is(code.Compiled, kernels.ErrNoCode) {
		b.config.Log("note: kernels: %v, as %v", code, code.Compiled)
	}
}

// openKernels loads the kernels that this precision can need.
func (b *backend) openKernels() (err error) {
	want := kernels.Selection{Types: []gpu.DataType{gpu.Float32, b.activationType()}}
	if b.fuses() {
		want.Tensor = []gpu.DataType{b.activationType()}
	}
	b.kernels, err = kernels.Load(b.device, want)
	return err
}

func (b *backend) openDNN() (err error) {
	b.dnn, err = b.device.NewDNN(b.stream)
	return err
}

func (b *backend) openBLAS() (err error) {
	if b.blasWorkspace, err = b.device.Alloc("cuBLAS workspace", blasWorkspaceBytes); err != nil {
		return err
	}
	b.blas, err = b.device.NewBLAS(b.stream, b.blasWorkspace.Ptr, b.blasWorkspace.Bytes)
	return err
}

func (b *backend) Name() string { return "cuda:" + strconv.Itoa(b.config.Device) }

// Close implements nn.Backend; executors must be closed before.
func (b *backend) Close() error {
	leave := b.device.Enter()
	var errs []error
	if b.blas != nil {
		errs = append(errs, b.blas.Close())
	}
	if b.blasWorkspace != nil {
		errs = append(errs, b.blasWorkspace.Free())
	}
	if b.dnn != nil {
		errs = append(errs, b.dnn.Close())
	}
	if b.kernels != nil {
		errs = append(errs, b.kernels.Close())
	}
	if b.stream != nil {
		errs = append(errs, b.stream.Close())
	}
	leave()
	return b.wrap(errors.Join(append(errs, b.device.Close())...))
}

// wrap names the backend in an error. Running out of memory gets a hint, as the batch size decides about memory.
func (b *backend) wrap(err error) error {
	var room *gpu.OutOfMemory
	switch {
	case err == nil:
		return nil
	case errors.As(err, &room):
		return outOfMemory{fmt.Errorf("nn: %s: %w; a smaller batch size needs less", b.Name(), err)}
	}
	return fmt.Errorf("nn: %s: %w", b.Name(), err)
}

// outOfMemory is nn.ErrOutOfMemory with the device's error as its text.
type outOfMemory struct{ error }

func (e outOfMemory) Is(target error) bool { return target == nn.ErrOutOfMemory }
func (e outOfMemory) Unwrap() error        { return e.error }

// Info implements nn.Backend.
func (b *backend) Info() nn.Info {
	info := b.describe()
	info.Tuning, info.Choices = b.tuner.report, b.tuner.used
	return nn.Info{Device: b.Name(), Precision: b.config.Precision, Deterministic: b.config.Deterministic, GPU: info}
}

// describe returns the info without Tuning and Choices.
func (b *backend) describe() *nn.GPUInfo {
	major, minor := b.device.ComputeCapability()
	_, total, err := b.device.MemInfo()
	if err != nil {
		total = 0
	}
	info := &nn.GPUInfo{
		Name: b.device.Name(), ComputeCapability: fmt.Sprintf("%d.%d", major, minor),
		Memory: total, Multiprocessors: b.device.Multiprocessors(),
	}
	for _, l := range gpu.Libraries() {
		switch l.Name {
		case gpu.DriverLibrary:
			info.Driver = l.VersionString()
		case gpu.DNNLibrary:
			info.CUDNN = l.VersionString()
		case gpu.BLASLibrary:
			info.CUBLAS = l.VersionString()
		}
	}
	return info
}
