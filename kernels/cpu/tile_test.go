package cpu

import (
	"fmt"
	"math"
	"testing"
)

func TestTile(t *testing.T) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		for w := range 2 {
			if len(k.Tile[w]) != k.Rows+1 || len(k.TileT[w]) != k.RowsT+1 {
				t.Fatalf("width %d has %d and %d tiles, want %d and %d",
					w, len(k.Tile[w]), len(k.TileT[w]), k.Rows+1, k.RowsT+1)
			}
			for rows := 1; rows <= k.Rows; rows++ {
				testTile(t, k.Tile[w][rows], rows, (w+1)*k.Lanes, false)
			}
			for rows := 1; rows <= k.RowsT; rows++ {
				testTile(t, k.TileT[w][rows], rows, (w+1)*k.Lanes, true)
			}
		}
	})
}

func testTile(t *testing.T, f TileFunc, rows, cols int, transposed bool) {
	r := newRand()
	for _, c := range []struct{ outer, k, slack int }{
		{1, 1, 0}, {1, 4, 3}, {2, 7, 5}, {3, 9, 0}, {1, 33, 1}, {3, 2, 2}, {0, 5, 0}, {2, 0, 1},
	} {
		lda := c.k + c.slack
		astep := rows*lda + c.slack
		if transposed {
			lda = rows + c.slack
			astep = c.k*lda + c.slack
		}
		ldb := cols + c.slack
		bstep := c.k*ldb + 2*c.slack
		ldc := cols + c.slack
		a := random(r, max(c.outer, 1)*astep+1, 1)
		b := random(r, max(c.outer, 1)*bstep+1, 3)
		for acc := range 2 {
			out := random(r, (rows-1)*ldc+cols, 2)
			before := out.clone()
			f(c.outer, c.k, &a.v[0], lda, astep, &b.v[0], ldb, bstep, &out.v[0], ldc, acc)
			name := fmt.Sprintf("%dx%d transposed=%v %+v acc=%d", rows, cols, transposed, c, acc)
			out.check(t, name)
			for i := range rows {
				for j := range ldc {
					n := i*ldc + j
					if n >= len(out.v) {
						break
					}
					if j >= cols {
						if out.v[n] != before.v[n] {
							t.Fatalf("%s: row %d: column %d beyond the tile was overwritten", name, i, j)
						}
						continue
					}
					// A sum of n rounded terms is off by at most n roundings of the sum of magnitudes.
					var want, mag float64
					if acc == 1 {
						want = float64(before.v[n])
						mag = math.Abs(want)
					}
					for o := range c.outer {
						for p := range c.k {
							ai := i*lda + o*astep + p
							if transposed {
								ai = p*lda + o*astep + i
							}
							term := float64(a.v[ai]) * float64(b.v[o*bstep+p*ldb+j])
							want += term
							mag += math.Abs(term)
						}
					}
					tol := float64(c.outer*c.k+2) * eps * mag
					if d := math.Abs(float64(out.v[n]) - want); !(d <= tol) {
						t.Fatalf("%s: [%d,%d] is %v, want %v within %.2g", name, i, j, out.v[n], want, tol)
					}
				}
			}
		}
	}
}

// A convolution reads overlapping rows of A: lda below k.
func TestTileOverlappingRows(t *testing.T) {
	eachISA(t, func(t *testing.T, k *Kernels) {
		const channels, taps = 5, 3
		rows, cols := k.Rows, k.Lanes
		r := newRand()
		a := random(r, (rows+taps-1)*channels, 0)
		b := random(r, taps*channels*cols, 0)
		out := newGuarded(rows*cols, 0)
		k.Tile[0][rows](1, taps*channels, &a.v[0], channels, 0, &b.v[0], cols, 0, &out.v[0], cols, 0)
		for i := range rows {
			for j := range cols {
				var want float64
				for p := range taps * channels {
					want += float64(a.v[i*channels+p]) * float64(b.v[p*cols+j])
				}
				// 15 terms below 1 in magnitude.
				if d := math.Abs(float64(out.v[i*cols+j]) - want); !(d <= 15*15*eps) {
					t.Fatalf("[%d,%d] is %v, want %v", i, j, out.v[i*cols+j], want)
				}
			}
		}
	})
}
