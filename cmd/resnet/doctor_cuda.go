//go:build !nocuda

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
	"resnet/nn"
	"resnet/nn/cuda"
	"resnet/nn/device"
)

// libraryDetails are those of the finding of a library.
type libraryDetails struct {
	Path     string `json:"path"`
	Version  string `json:"version"`
	Compiled string `json:"compiled"` // against the headers of
}

// gpuDetails are those of the finding of a GPU.
type gpuDetails struct {
	Index             int    `json:"index"`
	Name              string `json:"name"`
	ComputeCapability string `json:"compute_capability"`
	Multiprocessors   int    `json:"multiprocessors"`
	Memory            int64  `json:"memory_bytes"`
	Free              int64  `json:"free_bytes"`
	Kernels           string `json:"kernels"` // what they were loaded from
}

// examineGPU looks for what a GPU needs, at every GPU, and closely at the one
// that d asks for, or the first.
func examineGPU(d device.Config) ([]finding, error) {
	libraries := gpu.Libraries()
	list := []finding{examineBuild(libraries)}
	if d.Device == device.CPU {
		return list, nil
	}
	asked := d.Device != device.Auto
	driver := libraries[0]
	for _, l := range libraries {
		// Without a driver the other libraries are of no use and need not be there.
		list = append(list, examineLibrary(l, asked || driver.Err == nil))
	}
	count, err := gpu.Count()
	if err != nil {
		if errors.Is(err, gpu.ErrNoDevice) {
			list = append(list, noGPU(err, asked))
		}
		return list, nil
	}
	for i := range count {
		list = append(list, examineDevice(i))
	}
	if !asked {
		d.Device = device.CUDA
	}
	note := ""
	b, err := d.Open(device.Options{
		Tune: nn.TuneConfig{Mode: nn.TuneCached, Dir: tuneDir()},
		Log:  func(format string, args ...any) { note = fmt.Sprintf(format, args...) },
	})
	if err != nil {
		return append(list, failed("step on "+d.Device, err)), nil
	}
	defer b.Close()
	return append(list, examineTuning(b, note), examineStep(b, d.Precision)), nil
}

// examineTuning says what is known of the fastest algorithms on a GPU, and the
// note that came with reading it.
func examineTuning(b nn.Backend, note string) finding {
	info, _ := cuda.Describe(b)
	f := finding{Name: "tuning", State: stateMissing, Text: "nothing measured on " + info.Name + " yet: train and bench do, once", Hint: note}
	if n := info.Tuning.Cached; n > 0 {
		f.State, f.Text = stateOK, fmt.Sprintf("%d choices of algorithms measured on %s, %s", n, info.Name, info.Tuning.File)
	}
	return f
}

func examineBuild(libraries []gpu.Library) finding {
	var headers []string
	for _, l := range libraries {
		name := l.Name
		if name == gpu.DriverLibrary {
			name = "CUDA"
		}
		headers = append(headers, name+" "+compiled(l))
	}
	return finding{Name: "build", State: stateOK, Text: "with " + strings.Join(headers, ", ")}
}

// compiled is the version of the headers that this build is for.
func compiled(l gpu.Library) string {
	return gpu.Library{Name: l.Name, Version: l.Compiled}.VersionString()
}

// examineLibrary takes a library that is not there for a failure if it is needed.
func examineLibrary(l gpu.Library, needed bool) finding {
	f := finding{Name: l.Name, State: stateOK, Details: libraryDetails{l.Path, l.VersionString(), compiled(l)}}
	version := l.VersionString()
	if l.Name == gpu.DriverLibrary {
		version = "for CUDA up to " + version
	}
	f.Text = fmt.Sprintf("%s, %s", version, l.Path)
	// A driver that finds no GPU is a driver all the same: the GPU's finding says it.
	if l.Err == nil || errors.Is(l.Err, gpu.ErrNoDevice) {
		return f
	}
	f.State, f.Text = stateFailed, oneLine(l.Err)
	if l.Path == "" && !needed {
		f.State = stateMissing
	}
	if l.Name == gpu.DriverLibrary {
		f.Hint = moduleHint()
	}
	return f
}

// moduleHint tells a container that was not given the host's driver from a
// machine without one.
func moduleHint() string {
	const module = "/proc/driver/nvidia/version"
	if _, err := os.Stat(module); err != nil {
		return ""
	}
	return "the kernel has the driver (" + module + "), so this is a container without its library: docker run --gpus all"
}

func noGPU(err error, asked bool) finding {
	f := finding{Name: "gpu", State: stateMissing, Text: oneLine(err)}
	if asked {
		f.State = stateFailed
	}
	if v, ok := os.LookupEnv("CUDA_VISIBLE_DEVICES"); ok {
		f.Hint = fmt.Sprintf("CUDA_VISIBLE_DEVICES is %q, which may hide it", v)
	}
	return f
}

// examineDevice opens a GPU and loads the kernels on it.
func examineDevice(index int) finding {
	name := fmt.Sprintf("gpu %d", index)
	d, err := gpu.Open(index)
	if err != nil {
		return failed(name, err)
	}
	details, code, err := describeDevice(d)
	if err = errors.Join(err, d.Close()); err != nil {
		return failed(name, err)
	}
	const gibi = 1 << 30
	f := finding{Name: name, State: stateOK, Details: details, Text: fmt.Sprintf(
		"%s, compute capability %s, %d multiprocessors, %.1f GiB (%.1f free), kernels: %s", details.Name, details.ComputeCapability,
		details.Multiprocessors, float64(details.Memory)/gibi, float64(details.Free)/gibi, details.Kernels)}
	if code.Compiled != nil {
		f.Hint = "machine code, for a faster first start: " + oneLine(code.Compiled)
	}
	return f
}

func describeDevice(d *gpu.Device) (g gpuDetails, code kernels.Code, err error) {
	major, minor := d.ComputeCapability()
	g = gpuDetails{
		Index: d.Index(), Name: d.Name(), ComputeCapability: fmt.Sprintf("%d.%d", major, minor), Multiprocessors: d.Multiprocessors(),
	}
	if g.Free, g.Memory, err = d.MemInfo(); err != nil {
		return g, code, err
	}
	defer d.Enter()()
	kernels, err := kernels.Load(d, kernels.All())
	if err != nil {
		return g, code, err
	}
	g.Kernels = kernels.Code.String()
	return g, kernels.Code, kernels.Close()
}
