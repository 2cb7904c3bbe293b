// Command gen writes the amd64 assembly of package cpu and the Go declarations that go with it. It lives in a module
// of its own so that the trainer does not depend on avo.
//
// Run it through "go generate ./kernels/cpu". The output depends on this source alone.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	dir := flag.String("dir", "..", "directory the files are written to")
	flag.Parse()
	for _, t := range []target{avx2, avx512} {
		for _, file := range []struct {
			subject string
			emit    func(*asm)
		}{
			{"tile", tiles},
			{"vector", vectors},
			{"winograd", winograd},
		} {
			g := newAsm(t)
			file.emit(g)
			name := file.subject + "_" + strings.ToLower(t.name) + "_amd64"
			if err := write(g, filepath.Join(*dir, name)); err != nil {
				fmt.Fprintf(os.Stderr, "gen: %s: %v\n", name, err)
				os.Exit(1)
			}
		}
	}
}

// write allocates registers and prints base.s and base.go.
func write(g *asm, base string) error {
	file, err := g.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return err
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
			return err
		}
		if err := os.WriteFile(base+out.ext, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// vectors emits every kernel that is not a matrix tile.
func vectors(g *asm) {
	flatKernels(g)
	channelKernels(g)
	reduceKernels(g)
	peak(g)
}
