// Command gen reads the kernels' declarations in CUDA sources and writes the Go methods that launch them.
//
//	go run resnet/kernels/cuda/gen -o launchers.go *.cu
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
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
	var kernels []kernel
	for _, name := range sources {
		text, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("gen: %w", err)
		}
		k, err := parse(name, string(text))
		if err != nil {
			return err
		}
		kernels = append(kernels, k...)
	}
	if len(kernels) == 0 {
		return fmt.Errorf("gen: no kernel declared in %d files", len(sources))
	}
	var b bytes.Buffer
	if err := write(&b, kernels); err != nil {
		return err
	}
	return os.WriteFile(out, b.Bytes(), 0o644)
}
