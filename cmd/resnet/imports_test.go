package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "resnet/"

// mayImport is the house's table: which of our packages each may import, with CUDA and without, tests excepted. What is
// not listed may import none of ours.
var mayImport = map[string][]string{
	"cmd/resnet": {"bench", "nn/train", "nn/train/plots", "nn/train/report", "nn/train/tensorboard",
		"nn/infer", "nn/device", "nn/cpu", "nn/cuda", "nn/weights", "nn/models", "nn/diagram", "nn/keras",
		"nn/onnx", "nn", "data", "data/atomicfile", "data/picture", "data/terminal", "kernels/cpu",
		"data/folder", "data/samples", "data/scan", "data/manifest"},
	"bench": {"nn/device", "nn/models", "nn", "data"},
	"nn/train": {"nn/train/checkpoint", "nn/infer", "nn/device", "nn/cpu", "nn/cuda", "nn/weights",
		"nn/models", "nn/safetensors", "nn", "data", "data/atomicfile", "nn/internal/enum", "data/terminal",
		"data/scan", "nn/internal/regular"},
	"nn/train/checkpoint": {"nn/infer", "nn/weights", "nn/models", "nn/safetensors", "nn", "data/atomicfile",
		"data/filelock"},
	"nn/train/plots":       {"nn/train", "nn/infer", "nn", "nn/internal/axis", "data/atomicfile"},
	"nn/train/tensorboard": {"nn/train", "nn/infer", "nn/weights", "nn/safetensors", "nn", "data/atomicfile"},
	"nn/train/report": {"nn/train", "nn/train/plots", "nn/infer", "nn/models", "nn/diagram", "nn",
		"nn/internal/axis", "nn/internal/regular"},
	"nn/infer":              {"nn/device", "nn/weights", "nn/models", "nn", "data", "data/picture", "data/memory"},
	"nn/device":             {"nn/cpu", "nn/cuda", "nn/models", "nn", "data"},
	"nn/cpu":                {"nn", "kernels/cpu", "data/memory"},
	"nn/cuda":               {"nn", "nn/internal/enum", "kernels/cuda", "gpu", "data", "data/terminal"},
	"nn/weights":            {"nn/models", "nn/safetensors", "nn"},
	"nn/models":             {"nn"},
	"nn/onnx":               {"nn/weights", "nn"},
	"nn/keras":              {"nn/hdf5", "nn", "nn/internal/regular"},
	"nn/diagram":            {"nn"},
	"nn/nntest":             {"nn/models", "nn/safetensors", "nn"},
	"nn":                    {"nn/internal/enum", "data", "data/atomicfile", "data/memory", "nn/internal/regular"},
	"nn/safetensors":        {"nn/internal/float16", "nn/internal/regular"},
	"nn/hdf5":               {"nn/internal/regular", "nn/internal/float16"},
	"nn/internal/axis":      nil,
	"nn/internal/enum":      nil,
	"nn/internal/float16":   nil,
	"nn/internal/regular":   nil,
	"nn/internal/prototest": nil,
	"kernels/cpu":           nil,
	"kernels/cpu/guardpage": nil,
	"kernels/cuda":          {"gpu"},
	"kernels/cuda/gen":      nil,
	"gpu":                   nil,
	"gpu/gputest":           nil,
	"data": {"data/atomicfile", "data/filelock", "data/memory", "data/terminal", "data/picture",
		"data/folder", "data/manifest", "data/parquet", "data/samples", "data/scan"},
	"data/atomicfile":          {"data/filelock"},
	"data/folder":              {"data/picture", "data/samples"},
	"data/manifest":            {"data/memory", "data/picture", "data/samples"},
	"data/parquet":             {"data/memory", "data/samples"},
	"data/parquet/parquettest": nil,
	"data/samples":             nil,
	"data/scan":                {"data/atomicfile", "data/memory", "data/picture", "data/samples", "data/terminal"},
	"data/picture":             {"data/memory", "data/pixels", "kernels/cpu"},
	"data/augment":             {"data/pixels"},
	"data/pixels":              {"data/memory", "kernels/cpu"},
	"data/pixels/pillowtest":   {"data/pixels"},
	"data/atomicfile/disktest": {"data/atomicfile"},
	"data/filelock":            nil,
	"data/memory":              nil,
	"data/memory/memorytest":   nil,
	"data/terminal":            nil,
}

// only are the packages that alone may import others of a kind.
var only = map[string]string{
	"C":                     "gpu",
	"gorgonia.org/cu":       "gpu",
	"github.com/urfave/cli": "cmd/resnet",
}

// TestImports holds every package against the table, so that arrows keep pointing down.
func TestImports(t *testing.T) {
	for _, tags := range []string{"nocuda", ""} {
		list := exec.Command("go", "list", "-tags", tags, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "resnet/...")
		list.Env = append(os.Environ(), "CGO_ENABLED=1") // files with cgo count too; nothing is compiled
		list.Stderr = os.Stderr                          // it tells what it downloads
		out, err := list.Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		seen := 0
		for line := range strings.Lines(string(out)) {
			fields := strings.Fields(line)
			checkImports(t, strings.TrimPrefix(fields[0], module), fields[1:])
			seen++
		}
		if seen != len(mayImport) {
			t.Errorf("%d packages with tags %q, want the table's %d", seen, tags, len(mayImport))
		}
	}
}

func checkImports(t *testing.T, pkg string, imports []string) {
	allowed, known := mayImport[pkg]
	if !known {
		t.Errorf("package %s is not in the table", pkg)
	}
	for _, imp := range imports {
		if ours, ok := strings.CutPrefix(imp, module); ok && !slices.Contains(allowed, ours) {
			t.Errorf("%s imports %s, which the table does not allow", pkg, imp)
		}
		for prefix, owner := range only {
			if (imp == prefix || strings.HasPrefix(imp, prefix+"/")) && pkg != owner {
				t.Errorf("%s imports %s: only %s does", pkg, imp, owner)
			}
		}
	}
}
