// Command gen writes the assembly of package cpu, and the Go code that follows from the list of its kernels: their
// declarations, the struct that holds them, and its value for each instruction set. It lives in a module of its own so
// that the trainer does not depend on avo.
//
// To add a vector kernel, add it to the list vectors, with a function that emits its body; to package cpu add its
// portable twin, the method of Kernels that checks lengths and calls it, and a test. Then run
// "go generate ./kernels/cpu". The output depends on this source alone.
package main

import (
	"flag"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	dir := flag.String("dir", "..", "directory the files are written to")
	flag.Parse()
	if err := generate(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func generate(dir string) error {
	if err := writeGo(filepath.Join(dir, "vector.go"), vectorTable()); err != nil {
		return err
	}
	for _, t := range []target{avx2, avx512} {
		suffix := "_" + strings.ToLower(t.isa) + "_amd64"
		if err := writeGo(filepath.Join(dir, "kernels"+suffix+".go"), kernelTable(t)); err != nil {
			return err
		}
		for _, file := range []struct {
			subject string
			kernels []kernel
		}{
			{"tile", slices.Concat(tiles(t, 1, false), tiles(t, 1, true), tiles(t, 2, false), tiles(t, 2, true))},
			{"vector", vectors},
			{"winograd", transforms},
			{"resample", resampling},
			{"ycbcr", photographs},
		} {
			if err := writeAssembly(filepath.Join(dir, file.subject+suffix), t, file.kernels); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeGo(path, declarations string) error {
	text, err := format.Source([]byte(goHeader + declarations))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, text, 0o644)
}

// writeAssembly writes kernels for one instruction set to base.s and declares them in base.go.
func writeAssembly(base string, t target, kernels []kernel) error {
	g := newAsm(t)
	for _, k := range kernels {
		g.open(k)
		k.emit(g)
	}
	file, err := g.Result()
	if err != nil {
		return fmt.Errorf("%s: %w", base, err)
	}
	if err := pass.Compile.Execute(file); err != nil {
		return fmt.Errorf("%s: %w", base, err)
	}
	cfg := printer.Config{Argv: []string{"go", "generate"}, Pkg: "cpu"}
	for _, out := range []struct {
		ext string
		p   printer.Printer
	}{
		{".s", printer.NewGoAsm(cfg)},
		{".go", printer.NewStubs(cfg)},
	} {
		text, err := out.p.Print(file)
		if err != nil {
			return fmt.Errorf("%s%s: %w", base, out.ext, err)
		}
		if err := os.WriteFile(base+out.ext, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
