package cpu

import "fmt"

// photographKernels make pixels of what a JPEG is stored as. Each handles n elements, a multiple of the words in a
// vector, which is twice Lanes.
type photographKernels struct {
	yCbCrToRGB   func(n int, dst, y, cb, cr *byte)
	weighSamples func(n int, dst *uint16, near, far *byte, a, b int)
	widenSamples func(n int, dst *byte, sums *uint16, shift, even, odd int)
}

// vectors is the part of n elements that vectors of words hold; the portable kernels have none.
func (k *Kernels) vectors(n int) int {
	if k.photograph.yCbCrToRGB == nil {
		return 0
	}
	return n / (2 * k.Lanes) * (2 * k.Lanes)
}

// room panics unless a slice has at least n elements.
func room(kernel string, have, n int) {
	if have < n {
		panic(fmt.Sprintf("cpu: %s: slice of length %d, want at least %d", kernel, have, n))
	}
}

// YCbCrToRGB converts pixels as JFIF defines it, in the 16-bit fixed point of libjpeg:
//
//	r = y + 1.402 (cr-128)
//	g = y - 0.344136 (cb-128) - 0.714136 (cr-128)
//	b = y + 1.772 (cb-128)
//
// dst has three bytes for each of y, and cb and cr at least one.
func (k *Kernels) YCbCrToRGB(dst, y, cb, cr []byte) {
	n := len(y)
	room("YCbCrToRGB", len(dst), 3*n)
	room("YCbCrToRGB", min(len(cb), len(cr)), n)
	done := k.vectors(n)
	if done > 0 {
		k.photograph.yCbCrToRGB(done, &dst[0], &y[0], &cb[0], &cr[0])
	}
	yCbCrToRGBGo(dst[3*done:3*n], y[done:], cb[done:n], cr[done:n])
}

// WeighSamples is dst = a*near + b*far, modulo 1<<16. near and far have at least as many elements as dst.
func (k *Kernels) WeighSamples(dst []uint16, near, far []byte, a, b int) {
	n := len(dst)
	room("WeighSamples", min(len(near), len(far)), n)
	done := k.vectors(n)
	if done > 0 {
		k.photograph.weighSamples(done, &dst[0], &near[0], &far[0], a, b)
	}
	for i := done; i < n; i++ {
		dst[i] = uint16(a*int(near[i]) + b*int(far[i]))
	}
}

// WidenSamples makes two bytes of each sum but the first and the last, which are the neighbours of others:
//
//	dst[2i]   = (3*sums[i+1] + sums[i]   + even) >> shift
//	dst[2i+1] = (3*sums[i+1] + sums[i+2] + odd) >> shift
//
// dst has two bytes for each; the sums must fit 16 bits.
func (k *Kernels) WidenSamples(dst []byte, sums []uint16, shift, even, odd int) {
	n := len(sums) - 2
	room("WidenSamples", n, 0)
	room("WidenSamples", len(dst), 2*n)
	done := k.vectors(n)
	if done > 0 {
		k.photograph.widenSamples(done, &dst[0], &sums[1], shift, even, odd)
	}
	for i := done; i < n; i++ {
		three := 3 * int(sums[i+1])
		dst[2*i] = byte((three + int(sums[i]) + even) >> (shift & 15))
		dst[2*i+1] = byte((three + int(sums[i+2]) + odd) >> (shift & 15))
	}
}

func yCbCrToRGBGo(dst, y, cb, cr []byte) {
	const (
		bits = 16
		half = 1 << (bits - 1)
	)
	cb, cr = cb[:len(y)], cr[:len(y)]
	for i, value := range y {
		l, b, r := int32(value), int32(cb[i])-128, int32(cr[i])-128
		p := dst[3*i : 3*i+3]
		p[0] = clipByte(l + (91881*r+half)>>bits)
		p[1] = clipByte(l + (half-22554*b-46802*r)>>bits)
		p[2] = clipByte(l + (116130*b+half)>>bits)
	}
}

// clipByte cuts a value to a byte.
func clipByte(v int32) byte {
	if uint32(v) > 255 {
		v = ^(v >> 31)
	}
	return byte(v)
}
