package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"resnet/nn"
	"resnet/nn/cuda"
	"resnet/nn/device"
)

// libraryDetails are the details of a library's finding.
type libraryDetails struct {
	Path     string `json:"path"`
	Version  string `json:"version"`
	Compiled string `json:"compiled"` // against the headers of
}

// examineGPU checks the libraries that a GPU needs and every GPU, and takes a step on the one that d asks for, or on
// the first. In a build without CUDA it is an error to ask for a GPU.
func examineGPU(d device.Config) ([]finding, error) {
	asked := d.Device != device.Auto
	machine, err := cuda.Inspect()
	if errors.Is(err, cuda.ErrNoCUDA) {
		if asked && d.Device != device.CPU {
			return nil, fmt.Errorf("doctor: device %s: %w", d.Device, err)
		}
		return []finding{{Name: "build", State: stateOK, Text: "without CUDA",
			Hint: "for a GPU, a build with it: make cuda"}}, nil
	}
	defer machine.Close()
	list := []finding{examineBuild(machine.Libraries)}
	if d.Device == device.CPU {
		return list, nil
	}
	for _, l := range machine.Libraries {
		// Without a driver the other libraries are of no use and need not be there.
		list = append(list, examineLibrary(l, asked || machine.Libraries[0].Err == nil && machine.NoGPU == nil))
	}
	if machine.NoGPU != nil {
		list = append(list, noGPU(machine.NoGPU, asked))
	}
	for _, g := range machine.GPUs {
		list = append(list, examineDevice(g))
		if g.Err == nil {
			list = append(list, examineProducts(g))
		}
	}
	if len(machine.GPUs) == 0 {
		return list, nil
	}
	if !asked {
		d.Device = device.CUDA
	}
	var notes []string // of reading what was measured, then of the step
	b, err := d.Open(device.Options{
		Tune: nn.TuneConfig{Mode: nn.TuneCached, Dir: tuneDir()},
		Log:  func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) },
	})
	if err != nil {
		return append(list, failed("step on "+d.Device, err)), nil
	}
	defer b.Close()
	tuning := examineTuning(b.Info().GPU, strings.Join(notes, "; "))
	notes = nil
	step := examineStep(b, d.Precision)
	for _, n := range notes { // cuDNN refused something, which is no failure: other kernels computed it
		step.Text += "; " + strings.TrimPrefix(n, "note: ")
	}
	return append(list, tuning, step), nil
}

// examineTuning reports how many choices of algorithms were measured on a GPU; note is a problem with reading them.
func examineTuning(g *nn.GPUInfo, note string) finding {
	f := finding{Name: "tuning", State: stateMissing, Hint: note,
		Text: "nothing measured on " + g.Name + " yet: train and bench do, once"}
	if n := g.Tuning.Cached; n > 0 {
		f.State, f.Text = stateOK, fmt.Sprintf("%d choices of algorithms measured on %s, %s", n, g.Name, g.Tuning.File)
	}
	return f
}

func examineBuild(libraries []cuda.Library) finding {
	var headers []string
	for _, l := range libraries {
		name := l.Name
		if l.Driver {
			name = "CUDA"
		}
		headers = append(headers, name+" "+l.Compiled)
	}
	return finding{Name: "build", State: stateOK, Text: "with " + strings.Join(headers, ", ")}
}

// examineLibrary reports a library; that it is missing is a failure only if it is needed.
func examineLibrary(l cuda.Library, needed bool) finding {
	f := finding{Name: l.Name, State: stateOK, Details: libraryDetails{l.Path, l.Version, l.Compiled}}
	version := l.Version
	module := kernelModule()
	if l.Driver {
		version = "for CUDA up to " + version
		if module != "" {
			version = module + ", " + version
		}
	}
	f.Text = fmt.Sprintf("%s, %s", version, l.Path)
	if l.Err == nil {
		return f
	}
	f.State, f.Text, f.Hint = stateFailed, oneLine(l.Err), installDriver(l.Err)
	if l.Path == "" && !needed {
		f.State = stateMissing
	}
	if l.Driver && f.Hint == "" {
		f.Hint = driverHint(l.Path, module)
	}
	return f
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

func examineDevice(g cuda.InspectedGPU) finding {
	name := fmt.Sprintf("gpu %d", g.Index)
	if g.Err != nil {
		return failed(name, g.Err)
	}
	const gibi = 1 << 30
	f := finding{Name: name, State: stateOK, Details: g, Text: fmt.Sprintf(
		"%s, compute capability %s, %d multiprocessors, %.1f GiB (%.1f free), kernels: %s", g.Name, g.ComputeCapability,
		g.Multiprocessors, float64(g.Memory)/gibi, float64(g.Free)/gibi, g.Kernels)}
	if g.Compiled != nil {
		f.Hint = "machine code, for a faster first start: " + oneLine(g.Compiled)
	}
	return f
}

// productDetails are the details of an instruction of the tensor cores.
type productDetails struct {
	Name  string `json:"name"`
	Error string `json:"error,omitempty"` // what is wrong
}

// examineProducts reports what the tensor cores of a GPU made of products with exact results.
func examineProducts(g cuda.InspectedGPU) finding {
	f := finding{Name: fmt.Sprintf("tensor cores %d", g.Index), State: stateOK}
	if len(g.Products) == 0 {
		f.State = stateMissing
		f.Text = fmt.Sprintf("no kernels for compute capability %s, want 8.0 or later", g.ComputeCapability)
		return f
	}
	var right, wrong []string
	var details []productDetails
	for _, p := range g.Products {
		d := productDetails{Name: p.Name}
		if p.Err != nil {
			d.Error = oneLine(p.Err)
			wrong = append(wrong, d.Error)
		} else {
			right = append(right, p.Name)
		}
		details = append(details, d)
	}
	f.Details = details
	if len(wrong) == 0 {
		f.Text = fmt.Sprintf("products of %s are exact; kernels: %s", strings.Join(right, ", "), g.Kernels)
		return f
	}
	f.State, f.Text = stateFailed, fmt.Sprintf("%s; kernels: %s", strings.Join(wrong, "; "), g.Kernels)
	f.Hint = "--fuse off trains without these kernels; please report it with what doctor --format json prints"
	return f
}
