package pixels_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"resnet/data/pixels"
	"resnet/data/pixels/pillowtest"
	"resnet/kernels/cpu"
)

// eachISA runs a test with a Resizer of every instruction set that this machine has.
func eachISA(t *testing.T, f func(t *testing.T, r *pixels.Resizer)) {
	for _, isa := range cpu.Supported() {
		t.Run(isa.String(), func(t *testing.T) { f(t, pixels.NewResizer(isa)) })
	}
}

// The bytes are Pillow's for every filter, number of channels and part, whether a side grows, shrinks or stays.
func TestResizeGolden(t *testing.T) {
	eachISA(t, func(t *testing.T, r *pixels.Resizer) {
		for _, c := range pillowtest.Golden(t, "testdata/resize.jsonl") {
			var args struct {
				Size   [2]int
				Filter string
				Box    [4]float32
			}
			c.Parse(t, &args)
			filter, err := pixels.ParseFilter(args.Filter)
			if err != nil {
				t.Fatal(err)
			}
			src := c.Image(t)
			dst := pixels.New(args.Size[0], args.Size[1], src.C)
			b := args.Box
			if err := r.Resize(dst, src, filter, part(b[0], b[1], b[2], b[3])); err != nil {
				t.Fatal(err)
			}
			c.Check(t, dst)
		}
	})
}

// randomCase is a picture, a size and a part that any program may ask for.
type randomCase struct {
	src    *pixels.Image
	filter pixels.Filter
	part   pixels.Rect
	w, h   int
}

func newRandomCase(r *rand.Rand) randomCase {
	side := func() int { return 1 + r.IntN([]int{3, 20, 100, 400}[r.IntN(4)]) }
	c := randomCase{src: pixels.New(side(), side(), 1+r.IntN(4)), w: side(), h: side()}
	c.filter = pixels.Filter(r.IntN(6))
	pillowtest.Noise(r.Uint32(), c.src.Pix)
	if r.IntN(4) == 0 { // flat areas and extremes
		for i, v := range c.src.Pix {
			c.src.Pix[i] = []byte{0, 0, 255, 255, v}[v%5]
		}
	}
	c.part = pixels.Whole(c.src)
	between := func(n int) (from, to float32) {
		switch r.IntN(3) {
		case 0:
			return 0, float32(n)
		case 1: // whole pixels, as crops have
			i := r.IntN(n)
			return float32(i), float32(i + 1 + r.IntN(n-i))
		}
		a, b := r.Float32()*float32(n), r.Float32()*float32(n)
		return min(a, b), max(a, b)
	}
	if r.IntN(2) == 0 {
		c.part.Left, c.part.Right = between(c.src.W)
		c.part.Top, c.part.Bottom = between(c.src.H)
	}
	if c.part.Left == c.part.Right || c.part.Top == c.part.Bottom {
		c.part = pixels.Whole(c.src)
	}
	return c
}

func (c randomCase) String() string {
	return fmt.Sprintf("%dx%dx%d %v to %dx%d, %v", c.src.H, c.src.W, c.src.C, c.part, c.h, c.w, c.filter)
}

// Thousands of pictures are the same bytes in Pillow.
func TestResizePillow(t *testing.T) {
	pillow := pillowtest.Start(t)
	random := rand.New(rand.NewPCG(3, 4))
	resizers := []*pixels.Resizer{}
	for _, isa := range cpu.Supported() {
		resizers = append(resizers, pixels.NewResizer(isa))
	}
	for range 20000 {
		c := newRandomCase(random)
		p := c.part
		want := pillow.Do(t, "resize", c.src, map[string]any{"size": []int{c.w, c.h}, "filter": c.filter.String(),
			"box": []float32{p.Left, p.Top, p.Right, p.Bottom}})
		for _, r := range resizers {
			got := pixels.New(c.w, c.h, c.src.C)
			if err := r.Resize(got, c.src, c.filter, p); err != nil {
				t.Fatal(err)
			}
			pillowtest.Same(t, c, got, want)
		}
	}
}
