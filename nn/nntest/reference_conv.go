package nntest

import "resnet/nn"

// window is the pixels that an output row or column sees: from start, kernel of them, but for those in the padding
// around size.
func window(out, stride, pad, kernel, size int) (start, lo, hi int) {
	start = out*stride - pad
	return start, max(0, -start), min(kernel, size-start)
}

// strideOr is an op's stride, or what 0 stands for.
func strideOr(stride, other int) int {
	if stride == 0 {
		return other
	}
	return stride
}

// convForward: x (N,H,W,C), w (K,C,R,S), bias (K) or nil -> y (N,P,Q,K).
func convForward(op nn.Conv, y, x images, w, bias []float64, n int) {
	stride := strideOr(op.Stride, 1)
	for i := range n {
		for p := range y.H {
			for q := range y.W {
				y0, r0, r1 := window(p, stride, op.Pad.Top, op.Kernel, x.H)
				x0, s0, s1 := window(q, stride, op.Pad.Left, op.Kernel, x.W)
				for k := range y.C {
					sum := 0.0
					if bias != nil {
						sum = bias[k]
					}
					for r := r0; r < r1; r++ {
						for s := s0; s < s1; s++ {
							wat := (k*x.C*op.Kernel+r)*op.Kernel + s // w[k,c,r,s]
							for _, v := range x.pixel(i, y0+r, x0+s) {
								sum += v * w[wat]
								wat += op.Kernel * op.Kernel
							}
						}
					}
					y.v[y.at(i, p, q, k)] = sum
				}
			}
		}
	}
}

// convBackward: dy (N,P,Q,K) -> dx (N,H,W,C) where it has memory, dw (K,C,R,S), dbias (K).
func convBackward(op nn.Conv, dx images, dw, dbias []float64, dy, x images, w []float64, n int) {
	stride := strideOr(op.Stride, 1)
	for i := range n {
		for p := range dy.H {
			for q := range dy.W {
				y0, r0, r1 := window(p, stride, op.Pad.Top, op.Kernel, x.H)
				x0, s0, s1 := window(q, stride, op.Pad.Left, op.Kernel, x.W)
				for k := range dy.C {
					g := dy.v[dy.at(i, p, q, k)]
					if dbias != nil {
						dbias[k] += g
					}
					for r := r0; r < r1; r++ {
						for s := s0; s < s1; s++ {
							wat := (k*x.C*op.Kernel+r)*op.Kernel + s
							var dpixel []float64
							if dx.v != nil {
								dpixel = dx.pixel(i, y0+r, x0+s)
							}
							for c, v := range x.pixel(i, y0+r, x0+s) {
								dw[wat] += g * v
								if dpixel != nil {
									dpixel[c] += g * w[wat]
								}
								wat += op.Kernel * op.Kernel
							}
						}
					}
				}
			}
		}
	}
}
