//go:build !nocuda

package cuda

import (
	"fmt"
	"testing"
	"unsafe"

	"resnet/data"
	"resnet/gpu"
)

// bytesOf makes n random bytes.
func (g *rig) bytesOf(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(g.r.IntN(256))
	}
	return values
}

func TestInput(t *testing.T) {
	eachLength(t, func(g *rig, what string, dt gpu.DataType, n int) {
		for _, c := range []int{1, 3, 4} {
			pixels, table := g.bytesOf(n), g.random(gpu.Float32, c*256)
			want := make([]float64, n)
			for i, p := range pixels {
				want[i] = round(dt, table[i%c*256+int(p)])
			}
			y := g.fresh(of(dt), n)
			g.ok(g.k.Input(g.s, dt, y.Ptr, g.put(u8, pixels).Ptr, g.put(f32, table).Ptr, c, n))
			g.equal(fmt.Sprintf("%s c=%d", what, c), y.get(), want)
		}
	})
}

func TestAssembleBatch(t *testing.T) {
	if s := (data.Sample{}); unsafe.Sizeof(s) != 8 || unsafe.Offsetof(s.DY) != 4 || unsafe.Offsetof(s.DX) != 5 ||
		unsafe.Offsetof(s.Flip) != 6 {
		t.Fatalf("a Sample of %d bytes, want 8 with its fields as on the device", unsafe.Sizeof(s))
	}
	g := onGPU(t)
	const images = 9
	for _, shape := range []struct{ h, w, c, n int }{{5, 4, 1, 6}, {3, 7, 3, 11}, {28, 28, 1, 2}, {40, 37, 3, 1}} {
		h, w, c := shape.h, shape.w, shape.c
		set, labels := g.bytesOf(images*h*w*c), g.bytesOf(images)
		samples := make([]data.Sample, shape.n)
		for i := range samples {
			samples[i] = data.Sample{Index: int32(g.r.IntN(images)), DY: int8(g.r.IntN(9) - 4),
				DX: int8(g.r.IntN(9) - 4), Flip: g.r.IntN(2) == 1}
		}
		samples[0].DY, samples[0].DX = 0, 0
		want, wantLabels := make([]float64, shape.n*h*w*c), make([]float64, shape.n)
		for i, d := range samples {
			wantLabels[i] = labels[d.Index]
			for at := range h * w * c {
				ch, col, row := at%c, at/c%w, at/c/w
				if d.Flip {
					col = w - 1 - col
				}
				row, col = row+int(d.DY), col+int(d.DX)
				if 0 <= row && row < h && 0 <= col && col < w {
					want[i*h*w*c+at] = set[((int(d.Index)*h+row)*w+col)*c+ch]
				}
			}
		}
		raw := unsafe.Slice((*byte)(unsafe.Pointer(&samples[0])), len(samples)*int(unsafe.Sizeof(data.Sample{})))
		td := g.put(u8, make([]float64, len(raw)))
		g.copyIn(td.Ptr, raw)
		pixels, tl := g.fresh(u8, len(want)), g.fresh(i32, shape.n)
		copied, stepParams := g.fresh(f32, 4), g.random(gpu.Float32, 4)
		th, ts, tsl := g.put(f32, stepParams), g.put(u8, set), g.put(i32, labels)
		b := Batch{
			Pixels: pixels.Ptr, Labels: tl.Ptr, DatasetPixels: ts.Ptr, DatasetLabels: tsl.Ptr, Samples: td.Ptr,
			StepParams: copied.Ptr, StepParamsSrc: th.Ptr, H: h, W: w, C: c, N: shape.n,
		}
		g.ok(g.k.AssembleBatch(g.s, b))
		g.equal(fmt.Sprintf("%+v step scalars", shape), copied.get(), stepParams)
		pixels, tl = g.fresh(u8, len(want)), g.fresh(i32, shape.n)
		b.Pixels, b.Labels, b.StepParams, b.StepParamsSrc = pixels.Ptr, tl.Ptr, 0, 0
		g.ok(g.k.AssembleBatch(g.s, b))
		g.equal(fmt.Sprintf("%+v pixels", shape), pixels.get(), want)
		g.equal(fmt.Sprintf("%+v labels", shape), tl.get(), wantLabels)
	}
}
