//go:build !nocuda

package cuda

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resnet/gpu"
	"resnet/gpu/gputest"
)

// assemble writes a folder like assemble.sh for an architecture, with image(name) for each module that the device
// loads.
func (g *rig) assemble(arch string, image func(module string) []byte) (dir string) {
	g.Helper()
	dir = g.TempDir()
	major, _ := g.d.ComputeCapability()
	var f functions
	var sums bytes.Buffer
	for _, m := range f.modules(only) {
		name := compiledFor(m.name, major)
		file := assembled{dir: dir, arch: arch}.file(name)
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(image(name)), filepath.Base(file))
		if err := os.WriteFile(file, image(name), 0o644); err != nil {
			g.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "SHA256SUMS"), sums.Bytes(), 0o644); err != nil {
		g.Fatal(err)
	}
	return dir
}

// only are the kernels that the tests of this file load.
var only = Selection{Types: []gpu.DataType{gpu.Float32}}

// arch is the name of the device's architecture.
func (g *rig) arch() string {
	major, minor := g.d.ComputeCapability()
	return fmt.Sprintf("sm_%d%d", major, minor)
}

// loadsFrom checks that kernels are loaded from a folder of machine code or, because of why, from PTX, and work.
func (g *rig) loadsFrom(dir, why string) {
	g.Helper()
	g.Setenv(EnvCode, dir)
	k, err := Load(g.d, only)
	g.ok(err)
	defer func() { g.ok(k.Close()) }()
	want := "machine code for " + g.arch()
	if why != "" {
		want = "PTX, which the driver compiled in "
	}
	if got := k.Code.String(); !strings.HasPrefix(got, want) {
		g.Errorf("loaded from %s, want %s", got, want)
	}
	if got := fmt.Sprint(k.Code.Compiled); why == "" && got != "<nil>" || !strings.Contains(got, why) {
		g.Errorf("PTX because of %s, want %q", got, why)
	}
	x := g.put(f32, []float64{-1, 2})
	g.ok(k.ReLU(g.s, gpu.Float32, x.Ptr, x.Ptr, 2))
	g.equal("relu", x.get(), []float64{0, 2})
}

// Machine code is loaded where it fits; otherwise the kernels are loaded from PTX and work just as well. The files here
// contain PTX, which drivers also accept and every GPU runs.
func TestCode(t *testing.T) {
	g := onGPU(t)
	major, _ := g.d.ComputeCapability()
	arch := g.arch()
	typed := compiledFor("typed_f32", major)
	whole := func() string { return g.assemble(arch, ptx) }
	change := func(change func(file string) error) string {
		dir := whole()
		g.ok(change(assembled{dir: dir, arch: arch}.file(typed)))
		return dir
	}
	for _, c := range []struct{ what, dir, why string }{
		{"all there", whole(), ""},
		{"no folder", filepath.Join(t.TempDir(), "none"), "cuda: no machine code: open "},
		{"of another GPU", g.assemble("sm_12", ptx), "for " + arch + ": make cuda CUBIN_ARCHS=" + arch[3:]},
		{"of other PTX", change(func(file string) error {
			list := filepath.Join(filepath.Dir(file), "SHA256SUMS")
			text, err := os.ReadFile(list)
			g.ok(err)
			text = bytes.ReplaceAll(text, []byte(digest(ptx(typed))), []byte("01234567"))
			return os.WriteFile(list, text, 0o644)
		}), "no machine code of this build's " + typed},
		{"a file is missing", change(os.Remove), "cuda: no machine code: open "},
		{"a file is cut off", change(func(file string) error { return os.Truncate(file, 1000) }),
			"is damaged: its SHA-256 is "},
	} {
		t.Run(c.what, func(t *testing.T) { onGPU(t).loadsFrom(c.dir, c.why) })
	}
}

// If the driver refuses machine code that is whole, the kernels are loaded from PTX as well. A driver may crash on such
// an image, so this is a process of its own.
func TestCodeRefused(t *testing.T) {
	const variable = "RESNET_TEST_REFUSED"
	if os.Getenv(variable) == "" {
		needGPU(t)
		gputest.NeedTime(t, "a process of its own takes a second on a GPU")
		gputest.Again(t, t.Name(), variable+"=1")
		return
	}
	g := onGPU(t)
	empty := make([]byte, 4096) // with ELF's first bytes and nothing in its header
	copy(empty, "\x7fELF")
	g.loadsFrom(g.assemble(g.arch(), func(string) []byte { return empty }), "gpu: cuModuleLoadDataEx ")
}
