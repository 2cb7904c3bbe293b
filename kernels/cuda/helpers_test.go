//go:build !nocuda

package cuda

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"resnet/gpu"
	"resnet/gpu/gputest"
)

// dtypes are the element types that every typed kernel is tested with.
var dtypes = []gpu.DataType{gpu.Float32, gpu.Float16, gpu.BFloat16}

func name(t gpu.DataType) string { return typeNames[t] }

// rig is a device, a stream and the kernels, for one test.
type rig struct {
	*testing.T
	d *gpu.Device
	s *gpu.Stream
	k *Kernels
	r *rand.Rand

	staging *gpu.Pinned                 // of the last copy
	testing [len(typeNames)]*gpu.Module // of src/testing.cu, where one was launched
}

// loaded are all kernels on a device. The tests share them, as loading takes long: modules are the device's that loaded
// them, but a GPU's devices have one context, in which all find them.
type loaded struct {
	d *gpu.Device
	k *Kernels
}

var all = gputest.Share(loadAll, loaded.close)

func loadAll() (l loaded, err error) {
	if l.d, err = gpu.Open(0); err != nil {
		return l, err
	}
	if l.k, err = Load(l.d, All()); err != nil {
		return l, errors.Join(err, l.d.Close())
	}
	return l, nil
}

func (l loaded) close() error {
	leave := l.d.Enter()
	err := l.k.Close()
	leave()
	return errors.Join(err, l.d.Close())
}

func TestMain(m *testing.M) { gputest.Main(m, all.Release) }

// needGPU skips a test where there is no GPU, or fails it with RESNET_REQUIRE_GPU=1.
func needGPU(t *testing.T) {
	t.Helper()
	_, err := gpu.Count()
	gputest.Need(t, err)
}

// onGPU opens the first GPU for a test, which fails if it leaves anything allocated on the device. See needGPU.
func onGPU(t *testing.T) *rig {
	t.Helper()
	needGPU(t)
	kernels := *all.Get(t).k
	kernels.blocks = 3 // so that loops over the grid take several rounds
	d, err := gpu.Open(0)
	if err != nil {
		t.Fatal(err)
	}
	g := &rig{T: t, d: d, k: &kernels, r: rand.New(rand.NewPCG(1, 2))}
	t.Cleanup(func() { g.ok(d.Close()) })
	t.Cleanup(d.Enter())
	g.s, err = d.NewStream()
	g.ok(err)
	t.Cleanup(func() { g.ok(g.s.Close()) })
	return g
}

// needTensorCores skips a test of kernels that are not loaded below compute capability 8.0.
func (g *rig) needTensorCores() {
	g.Helper()
	if !g.k.tensor {
		g.Skip("the GPU's compute capability is below 8.0")
	}
}

// testdata has the modules of src/testing.cu, the kernels that only tests launch.
//
//go:embed testdata/testing_*.ptx
var testdata embed.FS

// launchTesting launches a kernel of src/testing.cu, and loads its module for type t at the first launch. Below compute
// capability 8.0, it skips the test.
func (g *rig) launchTesting(kernel string, t gpu.DataType, grid, block gpu.Dim3, shared int, args *gpu.Args) {
	g.Helper()
	g.needTensorCores()
	if g.testing[t] == nil {
		file := "testing_" + name(t) + ".ptx"
		text, err := testdata.ReadFile("testdata/" + file)
		g.ok(err)
		m, err := g.d.LoadModule(file, text)
		g.ok(err)
		g.testing[t] = m
		g.Cleanup(func() { g.ok(m.Close()) })
	}
	f, err := g.testing[t].Function(kernel + "_" + name(t))
	g.ok(err)
	g.ok(f.Launch(g.s, grid, block, shared, args))
}

func (g *rig) ok(err error) {
	g.Helper()
	if err != nil {
		g.Fatal(err)
	}
}

// guard is the number of bytes on either side of a tensor that no kernel may write. They hold canary.
const (
	guard  = 256
	canary = 0xC3
)

// tensor is an array of numbers in device memory, between guard zones. codec converts the numbers.
type tensor struct {
	gpu.Ptr
	g      *rig
	buffer *gpu.Buffer
	codec  codec
	n      int
}

// free frees the tensor's memory.
func (t *tensor) free() { t.g.ok(t.buffer.Free()) }

// put makes a tensor of these values, each rounded to the codec's type.
func (g *rig) put(c codec, values []float64) *tensor {
	g.Helper()
	data := make([]byte, len(values)*c.size)
	for i, v := range values {
		c.put(data[i*c.size:], v)
	}
	t := &tensor{g: g, codec: c, n: len(values)}
	var err error
	t.buffer, err = g.d.Alloc("test", int64(len(data)+2*guard))
	g.ok(err)
	t.Ptr = t.buffer.Ptr.Add(guard)
	zone := bytes.Repeat([]byte{canary}, guard)
	g.copyIn(t.buffer.Ptr, bytes.Join([][]byte{zone, data, zone}, nil))
	g.Cleanup(t.free)
	return t
}

// fresh makes a tensor of n values that a kernel must overwrite: NaN or, for integers, -1.
func (g *rig) fresh(c codec, n int) *tensor {
	g.Helper()
	values := make([]float64, n)
	for i := range values {
		values[i] = c.unset
	}
	return g.put(c, values)
}

// zeros makes a tensor of n zeros.
func (g *rig) zeros(c codec, n int) *tensor {
	g.Helper()
	return g.put(c, make([]float64, n))
}

// get waits for the stream, checks the guard zones and returns the values.
func (t *tensor) get() []float64 {
	t.g.Helper()
	data := t.g.copyOut(t.buffer.Ptr, t.n*t.codec.size+2*guard)
	for i, b := range data {
		if (i < guard || i >= len(data)-guard) && b != canary {
			t.g.Fatalf("guard byte %d of a tensor of %d bytes was overwritten with %#x", i-guard, len(data)-2*guard, b)
		}
	}
	values := make([]float64, t.n)
	for i := range values {
		values[i] = t.codec.get(data[guard+i*t.codec.size:])
	}
	return values
}

// pinned is memory for a copy of n bytes, which is over before the next one begins: allocating it takes longer than
// most kernels here.
func (g *rig) pinned(n int) *gpu.Pinned {
	g.Helper()
	if g.staging != nil && len(g.staging.Bytes()) >= n {
		return g.staging
	}
	const least = 1 << 16
	staging, err := g.d.AllocPinned("test", int64(max(n, least)))
	g.ok(err)
	g.Cleanup(func() { g.ok(staging.Free()) })
	g.staging = staging
	return staging
}

func (g *rig) copyIn(p gpu.Ptr, data []byte) {
	g.Helper()
	staging := g.pinned(len(data))
	copy(staging.Bytes(), data)
	g.ok(g.s.ToDevice(p, staging, 0, int64(len(data))))
	g.ok(g.s.Sync())
}

func (g *rig) copyOut(p gpu.Ptr, n int) []byte {
	g.Helper()
	staging := g.pinned(n)
	g.ok(g.s.ToHost(staging, 0, p, int64(n)))
	g.ok(g.s.Sync())
	return bytes.Clone(staging.Bytes()[:n])
}

// random makes n values in [-1, 1) that type t represents exactly.
func (g *rig) random(t gpu.DataType, n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = round(t, 2*g.r.Float64()-1)
	}
	return values
}

// odd has values at the limits of the types. Every elementwise kernel must treat them as the CPU does.
var odd = []float64{
	0, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1), 1e-40, -1e-40, 6e-8, 65504, -65504, 3e38, 1, -1,
}

// wild makes random values, some of them odd.
func (g *rig) wild(t gpu.DataType, n int) []float64 {
	values := g.random(t, n)
	for i := range values {
		if g.r.IntN(4) == 0 {
			values[i] = round(t, odd[g.r.IntN(len(odd))])
		}
	}
	return values
}

// equal fails unless got equals want bit by bit. All NaNs are equal.
func (g *rig) equal(what string, got, want []float64) {
	g.Helper()
	for i, w := range want {
		if math.Float64bits(got[i]) != math.Float64bits(w) && !(math.IsNaN(got[i]) && math.IsNaN(w)) {
			g.Fatalf("%s: element %d of %d is %v, want %v", what, i, len(want), got[i], w)
		}
	}
}

// near fails unless got is within tolerance(i) of want.
func (g *rig) near(what string, got, want []float64, tolerance func(i int) float64) {
	g.Helper()
	for i, w := range want {
		if math.IsNaN(w) && math.IsNaN(got[i]) || got[i] == w {
			continue
		}
		if d, tol := math.Abs(got[i]-w), tolerance(i); !(d <= tol) {
			g.Fatalf("%s: element %d of %d is %v, want %v: off by %.3g, tolerance %.3g",
				what, i, len(want), got[i], w, d, tol)
		}
	}
}

// pick returns all cases, or with -short those few that have odd sizes and reach every part of the kernels: the short
// tests are one of each kind, in each type.
func pick[T any](all []T, short ...T) []T {
	if testing.Short() {
		return short
	}
	return all
}

// lengths have no, partial and full vectors, blocks and rounds over the grid.
func lengths() []int {
	return pick([]int{1, 3, 4, 7, 8, 9, 31, 255, 256, 1023, 2048, 2049, 4099, 7001}, 7, 2049)
}

// eachLength runs f for all types and lengths.
func eachLength(t *testing.T, f func(g *rig, what string, dt gpu.DataType, n int)) {
	g := onGPU(t)
	for _, dt := range dtypes {
		for _, n := range lengths() {
			f(g, fmt.Sprintf("%s n=%d", name(dt), n), dt, n)
		}
	}
}

// eachRows runs f for all types, and for numbers of rows and channels with full and partial vectors, one tile and
// several, fewer rows than a block has, and more than a chunk has.
func eachRows(t *testing.T, f func(g *rig, what string, dt gpu.DataType, rows, c int)) {
	g := onGPU(t)
	for _, dt := range dtypes {
		for _, c := range pick([]int{1, 3, 5, 8, 16, 33, 64, 130, 520}, 33, 64) {
			for _, rows := range pick([]int{1, 2, 7, 65, 300}, 65) {
				f(g, fmt.Sprintf("%s rows=%d c=%d", name(dt), rows, c), dt, rows, c)
			}
		}
		for _, rows := range pick([]int{9001}) {
			f(g, fmt.Sprintf("%s rows=%d c=1", name(dt), rows), dt, rows, 1)
		}
	}
}
