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

// openDevices counts open devices. Descriptors belong to all of them, so the last one to close reports them.
var openDevices atomic.Int32

// Count returns the number of GPUs that this process may use. If there are none it returns an error that wraps
// ErrNoDevice.
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

// find returns GPU index, counted from 0.
func find(index int) (cu.Device, error) {
	n, err := Count()
	if err != nil {
		return 0, err
	}
	if index < 0 || index >= n {
		gpus := fmt.Sprintf("%d GPUs", n)
		if n == 1 {
			gpus = "1 GPU"
		}
		return 0, fmt.Errorf("gpu: device %d, want 0 to %d (this machine has %s)", index, n-1, gpus)
	}
	device, err := cu.GetDevice(index)
	return device, bindingStatus("cuDeviceGet", err)
}

// Open retains the primary context of GPU index, counted from 0.
func Open(index int) (*Device, error) {
	device, err := find(index)
	if err != nil {
		return nil, err
	}
	d := &Device{device: device}
	if err := d.describe(); err != nil {
		return nil, err
	}
	if d.context, err = d.device.RetainPrimaryCtx(); err != nil {
		return nil, bindingStatus("cuDevicePrimaryCtxRetain", err)
	}
	openDevices.Add(1)
	return d, nil
}

// Hold keeps the primary context of GPU index until release is called, so that the device can be closed and opened
// again in between: a context whose last device is closed is gone, and a new one takes tenths of a second.
func Hold(index int) (release func() error, err error) {
	device, err := find(index)
	if err != nil {
		return nil, err
	}
	if _, err := device.RetainPrimaryCtx(); err != nil {
		return nil, bindingStatus("cuDevicePrimaryCtxRetain", err)
	}
	return func() error { return bindingStatus("cuDevicePrimaryCtxRelease", device.ReleasePrimaryCtx()) }, nil
}

// maxSharedMemoryPerBlockOptin is CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, which the bindings lack.
const maxSharedMemoryPerBlockOptin cu.DeviceAttribute = 97

// describe queries the properties of the device.
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

// Index returns the number of the device, counted from 0.
func (d *Device) Index() int { return int(d.device) }

// Name returns the name of the GPU: "NVIDIA H100 80GB HBM3".
func (d *Device) Name() string { return d.name }

// ComputeCapability returns the generation of the GPU: 9, 0 for Hopper.
func (d *Device) ComputeCapability() (major, minor int) { return d.major, d.minor }

// Multiprocessors returns the number of streaming multiprocessors.
func (d *Device) Multiprocessors() int { return d.multiprocessors }

// L2Bytes returns the size of the L2 cache.
func (d *Device) L2Bytes() int64 { return int64(d.l2) }

// SharedMemory returns the maximum number of bytes of shared memory per block, which Function.SetSharedMemory has to
// allow for a kernel: 232,448 on an H100.
func (d *Device) SharedMemory() int { return d.shared }

// Enter locks the goroutine to its thread and makes the device's context current there, until leave is called. If that
// fails, the next call that needs the context returns an error.
func (d *Device) Enter() (leave func()) {
	runtime.LockOSThread()
	_ = cu.SetCurrentContext(d.context)
	return runtime.UnlockOSThread
}

// Together runs tasks concurrently, each on a goroutine of its own that has called Enter, and joins their errors in
// order.
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

// MemInfo returns the free and the total memory of the device in bytes. It needs no Enter.
func (d *Device) MemInfo() (free, total int64, err error) {
	defer d.Enter()()
	free, total, err = cu.MemInfo()
	return free, total, bindingStatus("cuMemGetInfo", err)
}

// Close releases the context. It returns an error that names the objects of the device that are still alive; for the
// last open device it names descriptors too. It needs no Enter.
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
