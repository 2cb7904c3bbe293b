// Command gen reads the declarations of kernels in CUDA sources, and writes the Go methods that launch them. Each
// argument is the source of one module, which includes the other files of the module.
//
//	go run resnet/kernels/cuda/gen -o launchers.go src/kernels.cu src/typed.cu src/tensor.cu
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	out := flag.String("o", "launchers.go", "file to write")
	flag.Parse()
	if err := run(*out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out string, sources []string) error {
	var modules []module
	for _, root := range sources {
		m := module{name: strings.TrimSuffix(filepath.Base(root), ".cu")}
		if err := m.read(root, make(map[string]bool)); err != nil {
			return err
		}
		if err := m.check(); err != nil {
			return fmt.Errorf("gen: %s: %w", root, err)
		}
		modules = append(modules, m)
	}
	var b bytes.Buffer
	if err := write(&b, modules); err != nil {
		return err
	}
	return os.WriteFile(out, b.Bytes(), 0o644)
}

// module has the kernels of one source. They are compiled to one PTX module, or to one for each element type if they
// are typed.
type module struct {
	name    string // "tensor"
	kernels []kernel
}

func (m *module) typed() bool { return m.kernels[0].typed }

// check refuses a module without kernels, or one with kernels of both kinds.
func (m *module) check() error {
	if len(m.kernels) == 0 {
		return errors.New("no kernel declared, there or in what it includes")
	}
	for _, k := range m.kernels {
		if k.typed != m.typed() {
			return fmt.Errorf("%s and %s, want either KERNEL or KERNEL_T for all", m.kernels[0].name, k.name)
		}
	}
	return nil
}

var include = regexp.MustCompile(`(?m)^#include "(\S+)"`)

// read adds the kernels of a file and of those that it includes, each once.
func (m *module) read(file string, seen map[string]bool) error {
	if seen[file] {
		return nil
	}
	seen[file] = true
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("gen: %w", err)
	}
	if filepath.Ext(file) == ".cu" {
		k, err := parse(file, string(text))
		if err != nil {
			return err
		}
		m.kernels = append(m.kernels, k...)
	}
	for _, name := range include.FindAllStringSubmatch(string(text), -1) {
		if err := m.read(filepath.Join(filepath.Dir(file), name[1]), seen); err != nil {
			return err
		}
	}
	return nil
}
