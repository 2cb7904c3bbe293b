package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mayImport is the house's table: which of our packages each may import, with
// CUDA and without, tests excepted. What is not listed may import none of ours.
var mayImport = map[string][]string{
	"resnet/cmd/resnet":            {"resnet/bench", "resnet/nn/train", "resnet/nn", "resnet/nn/diagram", "resnet/nn/keras", "resnet/nn/onnx", "resnet/nn/train/plots", "resnet/nn/train/report", "resnet/nn/train/tensorboard", "resnet/data", "resnet/kernels/cpu", "resnet/kernels/cuda", "resnet/gpu"},
	"resnet/bench":                 {"resnet/nn/train", "resnet/nn", "resnet/data"},
	"resnet/nn/train":              {"resnet/nn", "resnet/nn/safetensors", "resnet/data"},
	"resnet/nn/train/plots":        {"resnet/nn", "resnet/nn/train", "resnet/nn/internal/axis"},
	"resnet/nn/train/tensorboard":  {"resnet/nn", "resnet/nn/train", "resnet/nn/safetensors"},
	"resnet/nn/train/report":       {"resnet/nn", "resnet/nn/train", "resnet/nn/train/plots", "resnet/nn/diagram", "resnet/nn/internal/axis"},
	"resnet/nn":                    {"resnet/kernels/cpu", "resnet/kernels/cuda", "resnet/gpu", "resnet/nn/safetensors"},
	"resnet/nn/nntest":             {"resnet/nn", "resnet/nn/safetensors"},
	"resnet/nn/safetensors":        {"resnet/nn/internal/regular"},
	"resnet/nn/keras":              {"resnet/nn", "resnet/nn/hdf5"},
	"resnet/nn/onnx":               {"resnet/nn"},
	"resnet/nn/hdf5":               {"resnet/nn/internal/regular"},
	"resnet/nn/internal/axis":      nil,
	"resnet/nn/internal/regular":   nil,
	"resnet/nn/internal/prototest": nil,
	"resnet/nn/diagram":            {"resnet/nn"},
	"resnet/kernels/cpu":           nil,
	"resnet/kernels/cuda":          {"resnet/gpu"},
	"resnet/kernels/cuda/gen":      nil,
	"resnet/gpu":                   nil,
	"resnet/data":                  nil,
}

// only are the packages that alone may import others of a kind.
var only = map[string]string{
	"C":                     "resnet/gpu",
	"gorgonia.org/cu":       "resnet/gpu",
	"github.com/urfave/cli": "resnet/cmd/resnet",
}

// TestImports holds every package against the table, so that arrows keep
// pointing down.
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
			checkImports(t, fields[0], fields[1:])
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
		if strings.HasPrefix(imp, "resnet/") && !slices.Contains(allowed, imp) {
			t.Errorf("%s imports %s, which the table does not allow", pkg, imp)
		}
		for prefix, owner := range only {
			if (imp == prefix || strings.HasPrefix(imp, prefix+"/")) && pkg != owner {
				t.Errorf("%s imports %s: only %s does", pkg, imp, owner)
			}
		}
	}
}
