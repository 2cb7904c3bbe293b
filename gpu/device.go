//go:build !nocuda

package gpu

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"gorgonia.org/cu"
)

// Device is a GPU with its primary context.
type Device struct {
	device          cu.Device
	context         cu.CUContext
	name            string
	major, minor    int
	multiprocessors int
	l2              int
	shared          int
	closed          bool
	alive           ledger
}

// openDevices counts devices: descriptors belong to all of them.
var openDevices atomic.Int32

// Count is the number of GPUs that this process may use. None is an error, with ErrNoDevice in its chain.
func Count() (int, error) {
	if err := Load(); err != nil {
		return 0, err
	}
	n, err := cu.NumDevices()
	if err != nil {
		return 0, bindingStatus("cuDeviceGetCount", err)
	}
	if n == 0 {
		return 0, fmt.Errorf("gpu: %w: %s", ErrNoDevice, driverHints[100])
	}
	return n, nil
}

// Open retains the primary context of GPU index, counted from 0.
func Open(index int) (*Device, error) {
	n, err := Count()
	if err != nil {
		return nil, err
	}
	if index < 0 || index >= n {
		gpus := fmt.Sprintf("%d GPUs", n)
		if n == 1 {
			gpus = "1 GPU"
		}
		return nil, fmt.Errorf("gpu: device %d, want 0 to %d (this machine has %s)", index, n-1, gpus)
	}
	d := &Device{}
	if d.device, err = cu.GetDevice(index); err != nil {
		return nil, bindingStatus("cuDeviceGet", err)
	}
	if err := d.describe(); err != nil {
		return nil, err
	}
	if d.context, err = d.device.RetainPrimaryCtx(); err != nil {
		return nil, bindingStatus("cuDevicePrimaryCtxRetain", err)
	}
	openDevices.Add(1)
	return d, nil
}

// maxSharedMemoryPerBlockOptin is CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, which the bindings lack.
const maxSharedMemoryPerBlockOptin cu.DeviceAttribute = 97

// describe asks for what does not change.
func (d *Device) describe() (err error) {
	if d.name, err = d.device.Name(); err != nil {
		return bindingStatus("cuDeviceGetName", err)
	}
	for _, a := range []struct {
		attribute cu.DeviceAttribute
		value     *int
	}{
		{cu.ComputeCapabilityMajor, &d.major},
		{cu.ComputeCapabilityMinor, &d.minor},
		{cu.MultiprocessorCount, &d.multiprocessors},
		{cu.L2CacheSize, &d.l2},
		{maxSharedMemoryPerBlockOptin, &d.shared},
	} {
		if *a.value, err = d.device.Attribute(a.attribute); err != nil {
			return bindingStatus("cuDeviceGetAttribute", err)
		}
	}
	return nil
}

// Index is the device's number, counted from 0.
func (d *Device) Index() int { return int(d.device) }

// Name is the GPU's name: "NVIDIA H100 80GB HBM3".
func (d *Device) Name() string { return d.name }

// ComputeCapability is the generation of the GPU: 9, 0 for Hopper.
func (d *Device) ComputeCapability() (major, minor int) { return d.major, d.minor }

// Multiprocessors is how many streaming multiprocessors the GPU has.
func (d *Device) Multiprocessors() int { return d.multiprocessors }

// L2Bytes is the size of the GPU's second level cache.
func (d *Device) L2Bytes() int64 { return int64(d.l2) }

// SharedMemory is how many bytes of shared memory a block of a kernel may have, once Function.SetSharedMemory has
// allowed them: 232,448 on an H100.
func (d *Device) SharedMemory() int { return d.shared }

// Enter ties the goroutine to its thread and makes the device's context current there, until leave is called. If the
// context cannot be made current, the next call that needs it says so.
func (d *Device) Enter() (leave func()) {
	runtime.LockOSThread()
	_ = cu.SetCurrentContext(d.context)
	return runtime.UnlockOSThread
}

// Together runs tasks side by side, each as if it had called Enter, and returns their errors in order.
func (d *Device) Together(tasks ...func() error) error {
	errs := make([]error, len(tasks))
	var running sync.WaitGroup
	for i, task := range tasks {
		running.Go(func() {
			defer d.Enter()()
			errs[i] = task()
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

// MemInfo is the device's free and total memory in bytes. It needs no Enter.
func (d *Device) MemInfo() (free, total int64, err error) {
	defer d.Enter()()
	free, total, err = cu.MemInfo()
	return free, total, bindingStatus("cuMemGetInfo", err)
}

// Close releases the context. It is an error that names what was made on the device and is still alive; the last
// device's names descriptors too. It needs no Enter.
func (d *Device) Close() error {
	if d == nil || d.closed {
		return nil
	}
	d.closed = true
	left := d.alive.String()
	if openDevices.Add(-1) == 0 {
		left = strings.Trim(left+", "+descriptors.String(), ", ")
	}
	if err := d.device.ReleasePrimaryCtx(); err != nil {
		return bindingStatus("cuDevicePrimaryCtxRelease", err)
	}
	if left != "" {
		return fmt.Errorf("gpu: device %d closed with %s still alive", d.Index(), left)
	}
	return nil
}
