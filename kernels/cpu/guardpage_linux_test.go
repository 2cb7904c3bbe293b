package cpu

import (
	"fmt"
	"strings"
	"testing"

	"resnet/kernels/cpu/guardpage"
)

// edges calls f with functions that return memory which directly follows, or is directly followed by, memory that
// faults. That of one name is the same in every call.
func edges(t *testing.T, most int, f func(t *testing.T, s func(name string, n int) []float32)) {
	for _, side := range []string{"start", "end"} {
		t.Run(side, func(t *testing.T) {
			blocks := map[string][]float32{}
			f(t, func(name string, n int) []float32 {
				if blocks[name] == nil {
					mem, unmap := guardpage.Map(most)
					t.Cleanup(unmap)
					blocks[name] = mem
				}
				if side == "start" {
					return blocks[name][:n]
				}
				return blocks[name][len(blocks[name])-n:]
			})
		})
	}
}

// TestNothingOutside: no kernel reads or writes a single float that its formula does not name.
func TestNothingOutside(t *testing.T) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		t.Run("vector", func(t *testing.T) {
			edges(t, 5*200, func(t *testing.T, s func(name string, n int) []float32) {
				for _, rows := range []int{1, 2, 3, 5} {
					for _, c := range []int{1, 7, 8, 13, 16, 23, 37, 64, 65, 100, 200} {
						names := []string{"x", "y", "z", "w", "p", "q"}
						next := func(n int) []float32 {
							name := names[0]
							names = names[1:]
							return s(name, n)
						}
						o := newOperands(next, rows, c)
						if err := guardpage.Fault(func() { callAll(k, o) }); err != nil {
							t.Fatalf("%d rows of %d: %v", rows, c, err)
						}
					}
				}
			})
		})
		t.Run("tiles", func(t *testing.T) {
			for w := range 2 {
				for rows := 1; rows <= k.Rows; rows++ {
					nothingOutsideTile(t, k.Tile[w][rows], rows, (w+1)*k.Lanes, false)
				}
				for rows := 1; rows <= k.RowsT; rows++ {
					nothingOutsideTile(t, k.TileT[w][rows], rows, (w+1)*k.Lanes, true)
				}
			}
		})
		t.Run("transforms", func(t *testing.T) { nothingOutsideTransforms(t, k.Winograd) })
		t.Run("resample", func(t *testing.T) { nothingOutsideResample(t, k) })
		t.Run("photographs", func(t *testing.T) { nothingOutsidePhotographs(t, k) })
	})
}

func nothingOutsideTile(t *testing.T, f TileFunc, rows, cols int, transposed bool) {
	edges(t, 1<<12, func(t *testing.T, s func(name string, n int) []float32) {
		for _, c := range []struct{ outer, k, slack int }{
			{1, 1, 0}, {1, 4, 0}, {1, 7, 3}, {2, 5, 0}, {3, 9, 2}, {3, 2, 1},
		} {
			lda, ldb, ldc := c.k+c.slack, cols+c.slack, cols+c.slack
			astep := rows*lda + c.slack
			bstep := c.k*ldb + c.slack
			last := (rows-1)*lda + c.k
			if transposed {
				lda = rows + c.slack
				astep = c.k*lda + c.slack
				last = (c.k-1)*lda + rows
			}
			a := s("a", (c.outer-1)*astep+last)
			b := s("b", (c.outer-1)*bstep+(c.k-1)*ldb+cols)
			out := s("c", (rows-1)*ldc+cols)
			for acc := range 2 {
				err := guardpage.Fault(func() {
					f(c.outer, c.k, &a[0], lda, astep, &b[0], ldb, bstep, &out[0], ldc, acc)
				})
				if err != nil {
					t.Fatalf("%dx%d transposed=%v %+v acc=%d: %v", rows, cols, transposed, c, acc, err)
				}
			}
		}
	})
}

func nothingOutsideTransforms(t *testing.T, w Winograd) {
	for _, f := range []struct {
		name   string
		f      TransformFunc
		to, of int // grids of to x to from grids of of x of
	}{
		{"Input", w.Input, 4, 4}, {"Output", w.Output, 2, 4}, {"OutputAdd", w.OutputAdd, 2, 4},
		{"Gradient", w.Gradient, 4, 2}, {"Filter", w.Filter, 4, 3}, {"FilterGradient", w.FilterGradient, 3, 4},
	} {
		edges(t, 1<<12, func(t *testing.T, s func(name string, n int) []float32) {
			for _, c := range []int{1, 3, 8, 15, 16, 17, 32, 41, 64} {
				for slack := range 2 {
					srcCol, dstCol := c+slack, c+slack
					srcRow, dstRow := f.of*srcCol+slack, f.to*dstCol+slack
					src := s("src", (f.of-1)*(srcRow+srcCol)+c)
					dst := s("dst", (f.to-1)*(dstRow+dstCol)+c)
					err := guardpage.Fault(func() { f.f(c, &dst[0], dstRow, dstCol, &src[0], srcRow, srcCol) })
					if err != nil {
						t.Fatalf("%s of %d channels: %v", f.name, c, err)
					}
				}
			}
		})
	}
}

// bytesOf returns n bytes of the memory of a name.
func bytesOf(s func(name string, n int) []float32, name string, n int) []byte {
	return asBytes(s(name, (n+3)/4), n)
}

func nothingOutsideResample(t *testing.T, k *Kernels) {
	r := newRand()
	edges(t, 1<<12, func(t *testing.T, s func(name string, n int) []float32) {
		for c := 1; c <= 4; c++ {
			for steps := 1; steps <= 5; steps++ {
				a := newAcross(r, k, 1+r.IntN(9), c, steps)
				src, dst := a.sizes()
				err := guardpage.Fault(func() { a.run(k, bytesOf(s, "dst", dst), bytesOf(s, "src", src)) })
				if err != nil {
					t.Fatalf("across: %d channels, %d steps: %v", c, steps, err)
				}
			}
		}
		for taps := 1; taps <= 6; taps++ {
			for n := k.Resample.Least; n < 2*k.Resample.Least; n += 1 + k.Resample.Least/9 {
				d := newDown(r, n, taps)
				err := guardpage.Fault(func() { d.run(k, bytesOf(s, "dst", n), bytesOf(s, "src", d.size())) })
				if err != nil {
					t.Fatalf("down: %d bytes, %d rows: %v", n, taps, err)
				}
			}
		}
	})
}

func nothingOutsidePhotographs(t *testing.T, k *Kernels) {
	edges(t, 1<<12, func(t *testing.T, s func(name string, n int) []float32) {
		for n := 1; n < 140; n++ {
			bytes := func(name string, n int) []byte { return bytesOf(s, name, n) }
			words := make([]uint16, n+2)
			err := guardpage.Fault(func() {
				k.YCbCrToRGB(bytes("dst", 3*n), bytes("y", n), bytes("cb", n), bytes("cr", n))
				k.WeighSamples(words[:n], bytes("y", n), bytes("cb", n), 3, 1)
				k.WidenSamples(bytes("dst", 2*n), words, 4, 8, 7)
			})
			if err != nil {
				t.Fatalf("%d elements: %v", n, err)
			}
		}
	})
}

// TestFaultIsNamed: a kernel that reads one float too many is found, and named.
func TestFaultIsNamed(t *testing.T) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		want := fmt.Sprintf(".tile1x%d%s ", k.Lanes, strings.ToUpper(k.ISA.String()))
		if k.ISA == Portable {
			want = ".block1x4 "
		}
		mem, unmap := guardpage.Map(4 * k.Lanes)
		defer unmap()
		b := mem[len(mem)-4*k.Lanes+1:] // a row short of one float
		a, out := Alloc(4), Alloc(k.Lanes)
		err := guardpage.Fault(func() { k.Tile[0][1](1, 4, &a[0], 4, 0, &b[0], k.Lanes, 0, &out[0], k.Lanes, 0) })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that names%s", err, want)
		}
	})
}
