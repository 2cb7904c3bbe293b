//go:build !nocuda

package cuda

import (
	"bytes"
	"io/fs"

	"resnet/gpu"
)

// overlapMajor is the first compute capability at which a kernel can begin before the one in front has ended. Modules
// with such kernels are also compiled for it (overlap.cuh), as NAME.sm_90.ptx.
const overlapMajor = 9

// compiledFor returns the name of a module's PTX for a device of this compute capability.
func compiledFor(module string, major int) string {
	newer := module + ".sm_90"
	if _, err := fs.Stat(embedded, "ptx/"+newer+".ptx"); err != nil || major < overlapMajor {
		return module
	}
	return newer
}

// cooperations returns what each kernel of a module does for launches that overlap, by its name.
func cooperations(module string) map[string]gpu.Cooperation {
	found := map[string]gpu.Cooperation{}
	const entry = ".visible .entry "
	for _, kernel := range bytes.Split(ptx(module), []byte(entry))[1:] {
		name, body, _ := bytes.Cut(kernel, []byte("("))
		c := gpu.Cooperation{Waits: bytes.Contains(body, []byte("griddepcontrol.wait"))}
		c.Releases = c.Waits && bytes.Contains(body, []byte("griddepcontrol.launch_dependents"))
		found[string(name)] = c
	}
	return found
}

// Overlaps says whether kernels can begin before the one in front has ended.
func (k *Kernels) Overlaps() bool { return k.overlaps }
