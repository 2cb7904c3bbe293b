package data

import (
	"fmt"
	"slices"
)

// Sequence fills dst with 0, 1, 2, ... and returns it: the order of an epoch without shuffling.
func Sequence(dst []int32) []int32 {
	for i := range dst {
		dst[i] = int32(i)
	}
	return dst
}

// Shuffle puts the image indices in idx, which may be any part of a set, into the order of their keys in this epoch,
// Key(seed, StreamShuffle, epoch, index), equal keys by index, and returns idx. The order that idx had before does not
// matter, and neither do the other images in idx: two images have the same order in every subset.
func Shuffle(idx []int32, seed uint64, epoch int) []int32 {
	sortByKey(idx, seed, StreamShuffle, epoch)
	return idx
}

// Holdout splits the indices of s into val, n images chosen at random without regard to class, and train, the others;
// both ascending. The split depends on s.N, n and seed only, and a larger n holds out the smaller n's images too.
func Holdout(s *Set, n int, seed uint64) (train, val []int32, err error) {
	if n < 1 || n >= s.N {
		return nil, nil, fmt.Errorf("data: holdout: %d validation images, want 1 to %d (the set has %d)", n, s.N-1, s.N)
	}
	idx := Sequence(make([]int32, s.N))
	sortByKey(idx, seed, StreamHoldout, 0)
	val, train = idx[:n:n], idx[n:]
	slices.Sort(val)
	slices.Sort(train)
	return train, val, nil
}

// keyed is an image and its key.
type keyed struct {
	key   uint64
	index int32
}

func (a keyed) less(b keyed) bool { return a.key < b.key || a.key == b.key && a.index < b.index }

func sortByKey(idx []int32, seed uint64, stream Stream, epoch int) {
	keys := make([]keyed, len(idx))
	for i, v := range idx {
		keys[i] = keyed{Key(seed, stream, epoch, int(v)), v}
	}
	for i, k := range sorted(keys) {
		idx[i] = k.index
	}
}

// sorted sorts by key, equal keys by index, and overwrites its argument. Three passes of a radix sort over the upper 33
// bits leave almost nothing out of order where keys are random; an insertion sort does the rest. That takes a tenth of
// the time of a sort by comparison, for which a GPU would wait at the start of every epoch.
func sorted(from []keyed) []keyed {
	const bits = 11
	to := make([]keyed, len(from))
	for shift := 64 - 3*bits; shift < 64; shift += bits {
		digit := func(k keyed) uint64 { return k.key >> shift & (1<<bits - 1) }
		var place [1<<bits + 1]int // where the next element with each digit goes
		for _, k := range from {
			place[digit(k)+1]++
		}
		for d := range 1 << bits {
			place[d+1] += place[d]
		}
		for _, k := range from {
			d := digit(k)
			to[place[d]] = k
			place[d]++
		}
		from, to = to, from
	}
	for i, k := range from {
		for ; i > 0 && k.less(from[i-1]); i-- {
			from[i] = from[i-1]
		}
		from[i] = k
	}
	return from
}
