package cpu

import (
	"math/rand/v2"
	"testing"
	"unsafe"
)

// resampled is the formula of Resample, in int64.
func resampled(w []int32, x func(j int) byte) byte {
	sum := int64(1 << 21)
	for j, w := range w {
		sum += int64(w) * int64(x(j))
	}
	return byte(min(max(sum>>22, 0), 255))
}

// randomWeights returns n weights of either sign. Their sum is about 1, so that results spread over the bytes and
// beyond, and the sum of products fits an int32.
func randomWeights(r *rand.Rand, n int) []int32 {
	w := make([]int32, n)
	for j := range w {
		w[j] = int32((1<<22)/n) + r.Int32N(1<<22/int32(n)) - 1<<21/int32(n)
		if r.IntN(4) == 0 {
			w[j] = -w[j]
		}
	}
	return w
}

func randomBytes(r *rand.Rand, p []byte) {
	for i := range p {
		p[i] = byte(r.Uint32())
		if r.IntN(4) == 0 {
			p[i] = byte(r.IntN(2) * 255)
		}
	}
}

// across is a call of an AcrossFunc, with a source and a result as large as its contract says.
type across struct {
	n, c, steps, rows    int
	srcStride, dstStride int
	from                 []int32
	weights              [][]int32
	words                []int16
}

func newAcross(r *rand.Rand, k *Kernels, n, c, steps int) across {
	a := across{n: n, c: c, steps: steps, rows: k.Resample.Rows}
	a.srcStride, a.dstStride = 100+r.IntN(9), n*c+3+r.IntN(9)
	a.words = make([]int16, n*steps*StepWords(c))
	words, per := a.words, StepPixels(c)
	for range n {
		a.from = append(a.from, r.Int32N(20))
		w := randomWeights(r, (steps-1)*per+1+r.IntN(per))
		a.weights = append(a.weights, w)
		for i := 0; i < len(w); i += per {
			StepWeights(words, c, w[i:min(i+per, len(w))])
			words = words[StepWords(c):]
		}
	}
	return a
}

// sizes are the bytes that the kernel may read and write.
func (a across) sizes() (src, dst int) {
	for _, from := range a.from {
		src = max(src, int(from)+(a.steps-1)/2*2*StepPixels(a.c)*a.c+16)
	}
	return src + (a.rows-1)*a.srcStride, (a.rows-1)*a.dstStride + (a.n-1)*a.c + 4
}

func (a across) run(k *Kernels, dst, src []byte) {
	k.Resample.Across[a.c](a.n, &dst[0], a.dstStride, &src[0], a.srcStride, &a.from[0], a.steps, &a.words[0])
}

func (a across) check(t *testing.T, dst, src []byte) {
	t.Helper()
	for y := range a.rows {
		for i := range a.n * a.c {
			pixel, channel := i/a.c, i%a.c
			want := resampled(a.weights[pixel], func(j int) byte {
				return src[y*a.srcStride+int(a.from[pixel])+j*a.c+channel]
			})
			if got := dst[y*a.dstStride+i]; got != want {
				t.Fatalf("%d pixels of %d channels in %d steps: row %d, byte %d is %d, want %d", a.n, a.c, a.steps, y,
					i, got, want)
			}
		}
	}
}

func TestResampleAcross(t *testing.T) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		r := newRand()
		for c := 1; c <= 4; c++ {
			for steps := 1; steps <= 6; steps++ {
				for _, n := range []int{1, 2, 7, 20} {
					a := newAcross(r, k, n, c, steps)
					srcLen, dstLen := a.sizes()
					src, dst := make([]byte, srcLen), make([]byte, dstLen)
					randomBytes(r, src)
					a.run(k, dst, src)
					a.check(t, dst, src)
				}
			}
		}
	})
}

func TestResampleDown(t *testing.T) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		r := newRand()
		for taps := 1; taps <= 7; taps++ {
			for n := k.Resample.Least; n < 3*k.Resample.Least+3; n += 1 + k.Resample.Least/7 {
				d := newDown(r, n, taps)
				src, dst := make([]byte, d.size()), make([]byte, n)
				randomBytes(r, src)
				d.run(k, dst, src)
				for i, got := range dst {
					if want := resampled(d.weights, func(j int) byte { return src[j*d.stride+i] }); got != want {
						t.Fatalf("%d bytes of %d rows: byte %d is %d, want %d", n, taps, i, got, want)
					}
				}
			}
		}
	})
}

// down is a call of a DownFunc.
type down struct {
	n, stride int
	weights   []int32
	words     []int16
}

func newDown(r *rand.Rand, n, taps int) down {
	d := down{n: n, stride: n + r.IntN(9), weights: randomWeights(r, taps), words: make([]int16, (taps+1)/2*4)}
	for i := 0; i < taps; i += 2 {
		StepWeights(d.words[2*i:], 4, d.weights[i:min(i+2, taps)])
	}
	return d
}

func (d down) size() int { return (len(d.weights)-1)*d.stride + d.n }

func (d down) run(k *Kernels, dst, src []byte) {
	k.Resample.Down(d.n, &dst[0], &src[0], d.stride, len(d.weights), &d.words[0])
}

// asBytes returns the last n bytes of floats.
func asBytes(f []float32, n int) []byte {
	all := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(f))), 4*len(f))
	return all[len(all)-n:]
}
