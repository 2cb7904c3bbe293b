//go:build !nocuda

package gpu

import (
	"fmt"
	"math"
	"testing"
)

type poolCase struct{ n, c, h, w, kh, kw, padH, padW, strideH, strideW int }

func TestAvgPool(t *testing.T) {
	b := onGPU(t)
	h := b.dnn()
	for _, c := range []poolCase{
		{2, 5, 6, 8, 2, 2, 0, 0, 2, 2},
		{1, 3, 7, 9, 3, 2, 1, 0, 2, 3},
		{3, 8, 5, 4, 5, 4, 0, 0, 1, 1},
		{2, 4, 9, 5, 3, 3, 1, 1, 1, 2},
	} {
		for _, typ := range []DataType{Float32, Float16} {
			b.sub(fmt.Sprintf("%s %v", typ, c), func(b bench) { testAvgPool(b, h, typ, c) })
		}
	}
}

func testAvgPool(b bench, h *DNN, t DataType, c poolCase) {
	oh, ow := (c.h+2*c.padH-c.kh)/c.strideH+1, (c.w+2*c.padW-c.kw)/c.strideW+1
	xd := must(NewTensor(t, c.n, c.c, c.h, c.w))(b)
	yd := must(NewTensor(t, c.n, c.c, oh, ow))(b)
	pool := must(NewAvgPool(c.kh, c.kw, c.padH, c.padW, c.strideH, c.strideW))(b)
	for _, x := range []interface{ Close() error }{xd, yd, pool} {
		b.closing(x)
	}
	x := b.array(t, small(c.n*c.h*c.w*c.c, 1))
	y, dy := b.array(t, small(c.n*oh*ow*c.c, 2)), b.array(t, small(c.n*oh*ow*c.c, 3))

	want, scale := make([]float64, len(y.values)), make([]float64, len(y.values))
	wantDX, scaleDX := make([]float64, len(x.values)), make([]float64, len(x.values))
	share := 1 / float64(c.kh*c.kw)
	for n := range c.n {
		for i := range oh {
			for j := range ow {
				for r := range c.kh {
					for s := range c.kw {
						p, q := i*c.strideH-c.padH+r, j*c.strideW-c.padW+s
						if p < 0 || p >= c.h || q < 0 || q >= c.w {
							continue
						}
						for ch := range c.c {
							from, to := ((n*c.h+p)*c.w+q)*c.c+ch, ((n*oh+i)*ow+j)*c.c+ch
							want[to] += share * x.values[from]
							scale[to] += share * math.Abs(x.values[from])
							wantDX[from] += share * dy.values[to]
							scaleDX[from] += share * math.Abs(dy.values[to])
						}
					}
				}
			}
		}
	}
	const slack = 0x1p-20 // 16 roundings of float32
	b.ok(h.PoolForward(pool, xd, x.Ptr, yd, y.Ptr))
	b.near("y", t, b.fetch(y), want, scale, slack)
	for _, beta := range []float32{0, 1} {
		dx := b.array(t, small(len(x.values), 4))
		for i := range wantDX {
			wantDX[i] += float64(beta) * dx.values[i]
		}
		b.ok(h.PoolBackward(pool, yd, y.Ptr, dy.Ptr, xd, x.Ptr, dx.Ptr, beta))
		b.near(fmt.Sprintf("dx, beta %v", beta), t, b.fetch(dx), wantDX, scaleDX, slack)
	}
}
