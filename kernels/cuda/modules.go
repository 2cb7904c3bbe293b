//go:build !nocuda

package cuda

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"resnet/gpu"
)

// typeNames are the names of the element types in the names of modules and kernels.
var typeNames = [...]string{gpu.Float32: "f32", gpu.Float16: "f16", gpu.BFloat16: "bf16"}

// table maps the names of kernels to where their functions are stored.
type table map[string]**gpu.Function

// perType is one kernel for each element type, nil where it was not loaded.
type perType [len(typeNames)]*gpu.Function

func (f *perType) launch(name string, t gpu.DataType, s *gpu.Stream, grid, block gpu.Dim3, shared int,
	args *gpu.Args) error {
	if f[t] == nil {
		return fmt.Errorf("cuda: %s_%s was not loaded: want %v in Load's selection, and for tensor cores compute "+
			"capability 8.0", name, typeNames[t], t)
	}
	return f[t].Launch(s, grid, block, shared, args)
}

// module is a PTX module to load, and where its kernels are stored.
type module struct {
	name   string // of its PTX: "typed_f32", or "typed_f32.sm_90" from compute capability 9.0 on
	ending string // of the names of its kernels: "_f32"
	table  table
}

// modules returns the modules of a selection.
func (f *functions) modules(want Selection) []module {
	list := []module{{name: "kernels", table: f.kernels()}}
	for i, name := range typeNames {
		t := gpu.DataType(i)
		if slices.Contains(want.Types, t) {
			list = append(list, module{"typed_" + name, "_" + name, f.typed(t)})
		}
		if slices.Contains(want.Tensor, t) {
			list = append(list, module{"tensor_" + name, "_" + name, f.tensor(t)})
		}
	}
	return list
}

// load loads modules in parallel, as the driver may take seconds to compile one. A driver that refuses one will refuse
// others for the same reason, so the first error is the one to return.
func (k *Kernels) load(d *gpu.Device, list []module) error {
	start := time.Now()
	major, minor := d.ComputeCapability()
	code := openAssembled(major, minor)
	k.modules = make([]*gpu.Module, len(list))
	tasks, whys, errs := make([]func() error, len(list)), make([]error, len(list)), make([]error, len(list))
	for i, m := range list {
		m.name = compiledFor(m.name, major)
		tasks[i] = func() error {
			if k.modules[i], whys[i], errs[i] = m.load(d, code); errs[i] == nil {
				errs[i] = m.find(k.modules[i])
			}
			return errs[i]
		}
	}
	if d.Together(tasks...) != nil {
		return cmp.Or(errs...)
	}
	k.Code = Code{Arch: code.arch, Compiled: cmp.Or(whys...), Time: time.Since(start)}
	return nil
}

// load loads machine code or, if there is none that the driver accepts, PTX; then why says what was wrong with the
// machine code.
func (m *module) load(d *gpu.Device, code assembled) (loaded *gpu.Module, why, err error) {
	image, why := code.read(m.name)
	if why == nil {
		if loaded, why = d.LoadModule(code.file(m.name), image); why == nil {
			return loaded, nil, nil
		}
	}
	loaded, err = d.LoadModule(m.name+".ptx", ptx(m.name))
	return loaded, why, err
}

// find stores the functions of a loaded module.
func (m *module) find(loaded *gpu.Module) (err error) {
	cooperate := cooperations(m.name)
	for name, f := range m.table {
		if *f, err = loaded.Function(name + m.ending); err != nil {
			return err
		}
		(*f).Cooperates(cooperate[name+m.ending])
	}
	return nil
}
