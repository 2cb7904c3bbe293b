//go:build !nocuda

package gpu

import (
	"bytes"
	"unsafe"

	"gorgonia.org/cu"
)

// Module is kernels compiled for the device.
type Module struct {
	module cu.Module
	name   string
	device *Device
}

// LoadModule loads machine code, or compiles PTX for the device; an error holds the compiler's log. Name is what errors
// call the module. Machine code must be whole: the driver is not told where it ends.
func (d *Device) LoadModule(name string, image []byte) (*Module, error) {
	var log [4096]byte
	module, err := cu.LoadDataEx(string(image), &cu.JITErrorLogBuffer{Buffer: log[:]})
	if err != nil {
		e := driverError("cuModuleLoadDataEx", name, bindingCode(err))
		end := max(0, bytes.IndexByte(log[:], 0))
		if text := oneLine(string(log[:end])); text != "" {
			e.Text = text
		}
		return nil, e
	}
	m := &Module{module: module, name: name, device: d}
	d.alive.add(m, "module", name)
	return m, nil
}

// Close unloads the kernels.
func (m *Module) Close() error {
	if m == nil || m.module == (cu.Module{}) {
		return nil
	}
	err := m.module.Unload()
	m.device.alive.remove(m)
	m.module = cu.Module{}
	return bindingStatus("cuModuleUnload", err)
}

// field0 reads the first field of a binding's struct, which is the C handle: most of the bindings do not export it.
func field0(binding unsafe.Pointer) unsafe.Pointer { return *(*unsafe.Pointer)(binding) }
