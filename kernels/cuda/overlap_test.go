//go:build !nocuda

package cuda

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"resnet/gpu"
)

// The PTX of compute capability 9.0 is that of older GPUs with the two instructions added. There each kernel waits and
// releases the next, but not pack_weights: a convolution reads what that wrote before it waits.
func TestOverlapPTX(t *testing.T) {
	lines := func(module string, dropped ...string) (kept []string) {
		for line := range strings.Lines(string(ptx(module))) {
			if !slices.ContainsFunc(dropped, func(d string) bool { return strings.Contains(line, d) }) {
				kept = append(kept, line)
			}
		}
		return kept
	}
	var f functions
	for _, m := range f.modules(All()) {
		newer := compiledFor(m.name, overlapMajor)
		if m.name == "kernels" {
			if newer != m.name {
				t.Errorf("kernels is loaded from %s", newer)
			}
			continue
		}
		if compiledFor(m.name, overlapMajor-1) != m.name {
			t.Errorf("%s: other PTX below compute capability 9.0", m.name)
		}
		if bytes.Contains(ptx(m.name), []byte("griddepcontrol")) {
			t.Errorf("%s: griddepcontrol, which older GPUs do not have", m.name)
		}
		if !slices.Equal(lines(newer, "griddepcontrol", ".target"), lines(m.name, ".target")) {
			t.Errorf("%s and %s differ beyond griddepcontrol", m.name, newer)
		}
		does := cooperations(newer)
		for kernel := range m.table {
			want := kernel != "pack_weights"
			if got := does[kernel+m.ending]; got != (gpu.Cooperation{Waits: want, Releases: want}) {
				t.Errorf("%s of %s: %+v, want %v for both", kernel, newer, got, want)
			}
		}
	}
}

// Kernels that overlap compute what they compute one after another. A copy between them, or a kernel that does not
// cooperate, ends the overlap.
func TestOverlap(t *testing.T) {
	g := onGPU(t)
	other, err := g.d.NewFirstStream()
	g.ok(err)
	defer func() { g.ok(other.Close()) }()
	const n = 5000
	x, y, z := g.put(f32, g.random(gpu.Float32, n)), g.zeros(f32, n), g.zeros(f32, n)
	run := func(s *gpu.Stream) error {
		return errors.Join(
			g.k.ReLU(s, gpu.Float32, y.Ptr, x.Ptr, n), // y = max(x, 0)
			g.k.Add(s, gpu.Float32, z.Ptr, y.Ptr, x.Ptr, false, n),
			g.k.ReLU(s, gpu.Float32, y.Ptr, z.Ptr, n), // overwrites what Add reads
			s.Copy(z.Ptr, y.Ptr, 4*n),
			g.k.Add(s, gpu.Float32, y.Ptr, z.Ptr, x.Ptr, true, n),
		)
	}
	g.ok(run(g.s))
	want := y.get()
	for _, o := range []gpu.LaunchOptions{{}, {MostShared: true}, {Overlap: true}, {MostShared: true, Overlap: true}} {
		g.ok(g.s.Fill(y.Ptr, 0, 4*n))
		g.ok(g.s.Sync())
		g.ok(other.BeginCapture())
		other.SetLaunchOptions(o)
		other.KeepPriorities()
		failed := run(other)
		graph, err := other.EndCapture()
		g.ok(errors.Join(failed, err))
		other.SetLaunchOptions(gpu.LaunchOptions{})
		g.ok(graph.Launch(other))
		g.ok(other.Sync())
		g.equal("y", y.get(), want)
		g.ok(graph.Close())
	}
}

// A convolution that begins early computes the same by every plan, though its operand is only made by the kernel in
// front: it copies nothing but weights before it waits.
func TestOverlapConvolution(t *testing.T) {
	g := onGPU(t)
	const dt, notANumber = gpu.BFloat16, 0x7fff7fff
	c := Convolution{N: 3, H: 5, W: 7, In: 48, Out: 16, Kernel: 3}
	v := g.convolution(dt, c, Operand{Kind: Plain}, ending{})
	n := c.rows() * c.In
	x := g.put(bf16, g.random(dt, n))
	ahead := 0
	for _, p := range g.k.convolutionPlans(dt, &v.c) {
		if p.ahead {
			ahead++
		}
		v.c.Scratch = g.zeros(u8, int(p.scratch(&v.c))).Ptr
		run := func() error {
			return errors.Join(
				g.s.Fill(v.c.Operand.X, notANumber, int64(2*n)),
				g.k.ReLU(g.s, dt, v.c.Operand.X, x.Ptr, n),
				g.k.launchConvolution(g.s, dt, ConvolutionLaunch{&v.c, p}),
			)
		}
		g.ok(run())
		want := v.y.get()
		g.ok(g.s.Fill(v.y.Ptr, 0, int64(2*c.rows()*c.Out)))
		g.ok(g.s.BeginCapture())
		g.s.SetLaunchOptions(gpu.LaunchOptions{Overlap: true})
		failed := run()
		graph, err := g.s.EndCapture()
		g.s.SetLaunchOptions(gpu.LaunchOptions{})
		g.ok(errors.Join(failed, err))
		g.ok(graph.Launch(g.s))
		g.equal(fmt.Sprintf("y by plan %+v", p), v.y.get(), want)
		g.ok(graph.Close())
	}
	if ahead == 0 {
		t.Error("no plan copies rows ahead")
	}
}
