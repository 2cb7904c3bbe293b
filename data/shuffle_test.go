package data

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"testing"
)

// The values that Rosetta Code lists for SplitMix64 with seed 1234567.
func TestNthIsSplitMix64(t *testing.T) {
	want := []uint64{
		6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
	}
	for n, w := range want {
		if got := nth(1234567, uint64(n)); got != w {
			t.Errorf("output %d: %d, want %d", n, got, w)
		}
	}
}

// Pinned, here and in the next test, from the definition written down a second time in Python: a run's meaning hangs on
// these values, so they may never change.
func TestKeyPinned(t *testing.T) {
	for _, c := range []struct {
		seed         uint64
		stream       Stream
		epoch, index int
		want         uint64
	}{
		{0, StreamShuffle, 0, 0, 0x238275bc38fcbe91},
		{0, StreamShuffle, 0, 1, 0xf89a2566b5822c54},
		{0, StreamShuffle, 1, 0, 0x2f101fe21496ea20},
		{0, StreamHoldout, 0, 0, 0x80abe802ac1e182e},
		{0, StreamAugment, 0, 0, 0x3edfba9281257392},
		{1, StreamShuffle, 0, 0, 0xb18a02f46d8d86c3},
		{42, StreamAugment, 29, 59999, 0x8040727f6bfc4018},
	} {
		if got := Key(c.seed, c.stream, c.epoch, c.index); got != c.want {
			t.Errorf("Key(%d, %d, %d, %d) = %#x, want %#x", c.seed, c.stream, c.epoch, c.index, got, c.want)
		}
	}
}

// order fills dst with the shuffled order of an epoch over a whole set.
func order(dst []int32, seed uint64, epoch int) []int32 { return Shuffle(Sequence(dst), seed, epoch) }

func TestOrderPinned(t *testing.T) {
	if got, want := order(make([]int32, 10), 1, 0), []int32{9, 8, 7, 4, 2, 0, 3, 6, 5, 1}; !slices.Equal(got, want) {
		t.Errorf("seed 1, epoch 0: %v, want %v", got, want)
	}
	if got, want := order(make([]int32, 10), 1, 1), []int32{6, 5, 7, 4, 2, 1, 8, 3, 0, 9}; !slices.Equal(got, want) {
		t.Errorf("seed 1, epoch 1: %v, want %v", got, want)
	}
}

func isPermutation(idx []int32) bool {
	s := slices.Sorted(slices.Values(idx))
	return slices.Equal(s, Sequence(make([]int32, len(idx))))
}

func TestOrderIsAPermutationPerEpochAndSeed(t *testing.T) {
	seen := map[int32]int{}
	for epoch := range 20 {
		o := order(make([]int32, 1000), 7, epoch)
		if !isPermutation(o) {
			t.Fatalf("epoch %d: no permutation", epoch)
		}
		seen[o[0]]++
	}
	// 20 draws from 1000: five or more equal ones happen by chance once in 10^8.
	for i, n := range seen {
		if n > 4 {
			t.Errorf("image %d came first in %d of 20 epochs", i, n)
		}
	}
	if slices.Equal(order(make([]int32, 100), 1, 0), order(make([]int32, 100), 2, 0)) {
		t.Error("seeds 1 and 2 shuffle alike")
	}
}

func TestShuffleOfASubset(t *testing.T) {
	whole := order(make([]int32, 100), 3, 5)
	var want []int32
	for _, i := range whole {
		if i%3 == 0 {
			want = append(want, i)
		}
	}
	part := slices.Sorted(slices.Values(want))
	if got := Shuffle(slices.Clone(part), 3, 5); !slices.Equal(got, want) {
		t.Errorf("the subset is ordered %v, within the whole %v", got, want)
	}
	slices.Reverse(part)
	if got := Shuffle(part, 3, 5); !slices.Equal(got, want) {
		t.Errorf("the order before shows: %v, want %v", got, want)
	}
}

// The order is that of a sort by comparison, also where keys agree in their upper bits or altogether.
func TestSorted(t *testing.T) {
	for _, n := range []int{0, 1, 2, 300} {
		for _, mask := range []uint64{math.MaxUint64, 1<<31 - 1, 0xff, 0x7 << 60, 0} {
			draws := make([]keyed, n)
			for i := range draws {
				draws[i] = keyed{Key(5, StreamShuffle, n, i) & mask, int32(n - i)}
			}
			want := slices.SortedFunc(slices.Values(draws), func(a, b keyed) int {
				return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.index, b.index))
			})
			if got := sorted(draws); !slices.Equal(got, want) {
				t.Errorf("%d keys with bits %#x are out of order", n, mask)
			}
		}
	}
}

// Where image i lands must be uniform: chi-square over 100 images x 10 bins of position, 2000 epochs.
func TestOrderIsUniform(t *testing.T) {
	const n, bins, epochs = 100, 10, 2000
	var count [n][bins]int
	idx := make([]int32, n)
	for epoch := range epochs {
		for pos, i := range order(idx, 11, epoch) {
			count[i][pos*bins/n]++
		}
	}
	checkChiSquare(t, n*(bins-1), func(yield func(got, want float64)) {
		for i := range count {
			for _, c := range count[i] {
				yield(float64(c), float64(epochs)/bins)
			}
		}
	})
}

// Each byte of the keys over an epoch must be uniform, for every stream and for neighbouring seeds.
func TestKeyIsUniform(t *testing.T) {
	const draws = 1 << 16
	for _, seed := range []uint64{0, 1, math.MaxUint64} {
		for _, stream := range []Stream{StreamShuffle, StreamHoldout, StreamAugment} {
			var count [8][256]int
			for i := range draws {
				k := Key(seed, stream, int(stream), i)
				for b := range count {
					count[b][byte(k>>(8*b))]++
				}
			}
			checkChiSquare(t, 8*255, func(yield func(got, want float64)) {
				for b := range count {
					for _, c := range count[b] {
						yield(float64(c), draws/256)
					}
				}
			})
		}
	}
}

// checkChiSquare fails if the statistic of dof degrees of freedom lies 5 standard deviations off its mean: it is near
// normal with mean dof and variance 2*dof, so chance does that once in two million; and the draws are fixed anyway.
func checkChiSquare(t *testing.T, dof float64, cells func(yield func(got, want float64))) {
	t.Helper()
	var chi float64
	cells(func(got, want float64) { chi += (got - want) * (got - want) / want })
	if math.Abs(chi-dof) > 5*math.Sqrt(2*dof) {
		t.Errorf("chi-square %.0f, want %.0f +- %.0f", chi, dof, 5*math.Sqrt(2*dof))
	}
}

func TestHoldout(t *testing.T) {
	s := &Set{N: 50}
	train, val, err := Holdout(s, 12, 9)
	if err != nil || len(train) != 38 || len(val) != 12 {
		t.Fatalf("%d and %d images, %v, want 38 and 12", len(train), len(val), err)
	}
	if !isPermutation(slices.Concat(train, val)) || !slices.IsSorted(train) || !slices.IsSorted(val) {
		t.Errorf("train %v and val %v are not two ascending parts of the whole", train, val)
	}
	_, more, _ := Holdout(s, 20, 9)
	for _, i := range val {
		if !slices.Contains(more, i) {
			t.Errorf("image %d is held out of 12 but not of 20", i)
		}
	}
	if _, other, _ := Holdout(s, 12, 10); slices.Equal(other, val) {
		t.Error("seeds 9 and 10 hold out the same images")
	}
	for _, n := range []int{-1, 0, 50, 51} {
		if _, _, err := Holdout(s, n, 9); err == nil || !strings.Contains(err.Error(), "want 1 to 49") {
			t.Errorf("%d of 50 held out: %v", n, err)
		}
	}
}
