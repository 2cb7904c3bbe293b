package cpu

import "unsafe"

// Resample holds the kernels that resample pictures of bytes, in two passes: across its rows, then down its columns. A
// byte of the result is
//
//	clip((sum over j of w[j]*x[j] + 1<<21) >> 22)
//
// with weights of 22 bits behind the point, and clip to 0..255. The arithmetic is that of integers, so that every
// instruction set gives the same bytes. The sum must fit an int32; sums in between need not.
//
// Weights are given as words, each by its lower 15 bits and the rest; see [StepWeights].
type Resample struct {
	Rows   int           // rows that Across computes at once
	Across [5]AcrossFunc // by the number of channels, 1 to 4
	Least  int           // fewest bytes of a row for Down
	Down   DownFunc
}

// AcrossFunc computes n pixels of each of Rows rows, which begin a stride of bytes after one another. Pixel i is the
// weighted sum of pixels from from[i] on, which counts bytes. They are taken in steps of [StepPixels]; weights has the
// words of [StepWeights] for the steps of pixel 0, then those of pixel 1, and so on.
//
// Nothing is checked. The source must be readable for 16 bytes from where every second step begins, whatever weights
// are 0. The result must have room for 4 bytes at every pixel; what follows a row has no meaning.
type AcrossFunc func(n int, dst *byte, dstStride int, src *byte, srcStride int, from *int32, steps int, weights *int16)

// DownFunc computes a row of n bytes from as many rows as taps says, which begin a stride of bytes after one another.
// The weights lie in pairs, as StepWeights writes them for 4 channels: row 0 and 1, row 2 and 3, and so on. Of an odd
// number of rows the last one's partner is not read.
//
// Nothing is checked; n must be at least Least.
type DownFunc func(n int, dst, src *byte, stride, taps int, weights *int16)

const (
	weightBits = 22 // behind the point
	lowBits    = 15 // of a weight, in the first of its words
	halfUnit   = 1 << (weightBits - 1)
)

// StepPixels is the number of pixels in a step of an [AcrossFunc] for c channels.
func StepPixels(c int) int {
	if c < 3 {
		return 8 / c
	}
	return 2
}

// StepWords is the number of words that StepWeights writes.
func StepWords(c int) int { return 4 * stepPairs(c) }

// stepPairs is the number of pairs of pixels for which the words of a step have a place: one where it serves all
// channels, one for each channel of a pair otherwise.
func stepPairs(c int) int {
	if c < 3 {
		return 4
	}
	return 1
}

// StepWeights writes the words of one step's weights, of which those missing in w are 0. First come the lower 15 bits
// of all, then the rest of all, in the order in which the pixels and channels lie in the lanes of a vector.
func StepWeights(words []int16, c int, w []int32) {
	var all [8]int32
	copy(all[:], w)
	pairs := stepPairs(c)
	for i := range pairs {
		k0, k1 := all[i/c*2], all[i/c*2+1]
		words[2*i], words[2*i+1] = int16(k0&(1<<lowBits-1)), int16(k1&(1<<lowBits-1))
		words[2*(pairs+i)], words[2*(pairs+i)+1] = int16(k0>>lowBits), int16(k1>>lowBits)
	}
}

var portableResample = Resample{
	Rows:   1,
	Across: [5]AcrossFunc{nil, acrossGo(1), acrossGo(2), acrossGo(3), acrossGo(4)},
	Least:  1,
	Down:   downGo,
}

// weightOf puts the two weights together that begin at words low and high.
func weightOf(low, high []int16) (k0, k1 int32) {
	return int32(low[0]) + int32(high[0])<<lowBits, int32(low[1]) + int32(high[1])<<lowBits
}

func clipUnit(sum int32) byte { return byte(min(max(sum>>weightBits, 0), 255)) }

func acrossGo(c int) AcrossFunc {
	pixel := pixelGo
	if c < 3 {
		pixel = lanesGo
	}
	step, size := StepPixels(c)*c, StepWords(c)
	return func(n int, dst *byte, _ int, src *byte, _ int, from *int32, steps int, weights *int16) {
		out, starts := unsafe.Slice(dst, n*c), unsafe.Slice(from, n)
		words := unsafe.Slice(weights, n*steps*size)
		for i, start := range starts {
			x := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(src), start)), steps*step)
			pixel(out[i*c:i*c+c], x, words[:steps*size])
			words = words[steps*size:]
		}
	}
}

// pixelGo computes a pixel of three or four channels.
func pixelGo(out, x []byte, words []int16) {
	c := len(out)
	r, g, b, a := int32(halfUnit), int32(halfUnit), int32(halfUnit), int32(halfUnit)
	for ; len(words) >= 4 && len(x) >= 2*c; words, x = words[4:], x[2*c:] {
		k0, k1 := weightOf(words, words[2:])
		p, q := x[:c], x[c:2*c]
		r += k0*int32(p[0]) + k1*int32(q[0])
		g += k0*int32(p[1]) + k1*int32(q[1])
		b += k0*int32(p[2]) + k1*int32(q[2])
		if c == 4 {
			a += k0*int32(p[3]) + k1*int32(q[3])
		}
	}
	out[0], out[1], out[2] = clipUnit(r), clipUnit(g), clipUnit(b)
	if c == 4 {
		out[3] = clipUnit(a)
	}
}

// lanesGo computes a pixel of one or two channels, for which a step has weights in four lanes.
func lanesGo(out, x []byte, words []int16) {
	c := len(out)
	sum := [2]int32{halfUnit, halfUnit}
	for ; len(words) >= 16; words = words[16:] {
		for lane := 0; lane < 4; lane += c {
			k0, k1 := weightOf(words[2*lane:], words[8+2*lane:])
			for k := range c {
				sum[k] += k0*int32(x[k]) + k1*int32(x[c+k])
			}
			x = x[2*c:]
		}
	}
	for k := range out {
		out[k] = clipUnit(sum[k])
	}
}

// downGo sums up one piece of the row at a time, which stays in the first-level cache.
func downGo(n int, dst, src *byte, stride, taps int, weights *int16) {
	var piece [256]int32
	rows, words := unsafe.Slice(src, (taps-1)*stride+n), unsafe.Slice(weights, (taps+1)/2*4)
	for out := unsafe.Slice(dst, n); len(out) > 0; {
		sums := piece[:min(len(piece), len(out))]
		for i := range sums {
			sums[i] = halfUnit
		}
		for j := 0; j < taps; j += 2 {
			k0, k1 := weightOf(words[2*j:], words[2*j+2:])
			addWeighted(sums, k0, rows[j*stride:])
			if j+1 < taps {
				addWeighted(sums, k1, rows[(j+1)*stride:])
			}
		}
		for i, sum := range sums {
			out[i] = clipUnit(sum)
		}
		out, rows = out[len(sums):], rows[len(sums):]
	}
}

// addWeighted adds k times a row of bytes.
func addWeighted(sums []int32, k int32, row []byte) {
	row = row[:len(sums)]
	for i, v := range row {
		sums[i] += k * int32(v)
	}
}
