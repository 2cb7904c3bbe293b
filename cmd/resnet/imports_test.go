package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mayImport is the house's table: which of our packages each may import,
// tests excepted. What is not listed may import none of ours.
var mayImport = map[string][]string{
	"resnet/cmd/resnet":     {"resnet/bench", "resnet/nn/train", "resnet/nn", "resnet/data", "resnet/kernels/cpu"},
	"resnet/bench":          {"resnet/nn/train", "resnet/nn", "resnet/data"},
	"resnet/nn/train":       {"resnet/nn", "resnet/nn/safetensors", "resnet/data"},
	"resnet/nn":             {"resnet/kernels/cpu", "resnet/nn/safetensors"},
	"resnet/nn/nntest":      {"resnet/nn", "resnet/nn/safetensors"},
	"resnet/nn/safetensors": nil,
	"resnet/kernels/cpu":    nil,
	"resnet/data":           nil,
}

// TestImports holds every package against the table, so that arrows keep
// pointing down.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-tags", "nocuda", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "resnet/...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	seen := 0
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		fields := strings.Fields(line)
		pkg := fields[0]
		allowed, known := mayImport[pkg]
		if !known {
			t.Errorf("package %s is not in the table", pkg)
		}
		seen++
		for _, imp := range fields[1:] {
			if strings.HasPrefix(imp, "resnet/") && !slices.Contains(allowed, imp) {
				t.Errorf("%s imports %s, which the table does not allow", pkg, imp)
			}
			if strings.HasPrefix(imp, "github.com/urfave/cli") && pkg != "resnet/cmd/resnet" {
				t.Errorf("%s imports %s: only the command does", pkg, imp)
			}
		}
	}
	if seen != len(mayImport) {
		t.Errorf("%d packages, want the table's %d", seen, len(mayImport))
	}
}
