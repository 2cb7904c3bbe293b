package cpu

import "unsafe"

// Rows and lanes of the portable tiles. A tile is computed in blocks of 2 rows by 4 columns, whose 8 sums stay in
// scalar registers.
const (
	portableRows  = 4
	portableLanes = 8
)

// portableTiles returns the tiles of one width, indexed by rows.
func portableTiles(columns int, transposed bool) []TileFunc {
	tiles := make([]TileFunc, portableRows+1)
	for rows := 1; rows <= portableRows; rows++ {
		tiles[rows] = func(outer, k int, a *float32, lda, astep int, b *float32, ldb, bstep int,
			c *float32, ldc int, acc int) {
			row, step := lda, 1
			if transposed {
				row, step = 1, lda
			}
			for i := 0; i < rows; i += 2 {
				for j := 0; j < columns; j += 4 {
					ai, bj, cij := at(a, i*row), at(b, j), at(c, i*ldc+j)
					if i+1 < rows {
						block2x4(outer, k, ai, row, step, astep, bj, ldb, bstep, cij, ldc, acc)
					} else {
						block1x4(outer, k, ai, step, astep, bj, ldb, bstep, cij, acc)
					}
				}
			}
		}
	}
	return tiles
}

// at returns the address of p[n], for p the first element of an array.
func at(p *float32, n int) *float32 { return (*float32)(unsafe.Add(unsafe.Pointer(p), 4*n)) }

func block2x4(outer, k int, a *float32, row, step, astep int, b *float32, ldb, bstep int, c *float32, ldc, acc int) {
	var s00, s01, s02, s03, s10, s11, s12, s13 float32
	if k > 0 {
		for o := range outer {
			a0 := unsafe.Slice(at(a, o*astep), (k-1)*step+1)
			a1 := unsafe.Slice(at(a, o*astep+row), (k-1)*step+1)
			b := unsafe.Slice(at(b, o*bstep), (k-1)*ldb+4)
			for p, q := 0, 0; p < len(a0) && p < len(a1); p, q = p+step, q+ldb {
				v0, v1 := a0[p], a1[p]
				w := b[q : q+4 : q+4]
				s00 += v0 * w[0]
				s01 += v0 * w[1]
				s02 += v0 * w[2]
				s03 += v0 * w[3]
				s10 += v1 * w[0]
				s11 += v1 * w[1]
				s12 += v1 * w[2]
				s13 += v1 * w[3]
			}
		}
	}
	c0, c1 := unsafe.Slice(c, 4), unsafe.Slice(at(c, ldc), 4)
	if acc != 0 {
		s00, s01, s02, s03 = s00+c0[0], s01+c0[1], s02+c0[2], s03+c0[3]
		s10, s11, s12, s13 = s10+c1[0], s11+c1[1], s12+c1[2], s13+c1[3]
	}
	c0[0], c0[1], c0[2], c0[3] = s00, s01, s02, s03
	c1[0], c1[1], c1[2], c1[3] = s10, s11, s12, s13
}

func block1x4(outer, k int, a *float32, step, astep int, b *float32, ldb, bstep int, c *float32, acc int) {
	var s0, s1, s2, s3 float32
	if k > 0 {
		for o := range outer {
			a := unsafe.Slice(at(a, o*astep), (k-1)*step+1)
			b := unsafe.Slice(at(b, o*bstep), (k-1)*ldb+4)
			for p, q := 0, 0; p < len(a); p, q = p+step, q+ldb {
				v := a[p]
				w := b[q : q+4 : q+4]
				s0 += v * w[0]
				s1 += v * w[1]
				s2 += v * w[2]
				s3 += v * w[3]
			}
		}
	}
	out := unsafe.Slice(c, 4)
	if acc != 0 {
		s0, s1, s2, s3 = s0+out[0], s1+out[1], s2+out[2], s3+out[3]
	}
	out[0], out[1], out[2], out[3] = s0, s1, s2, s3
}
