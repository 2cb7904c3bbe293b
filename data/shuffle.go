package data

import (
	"cmp"
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

// Order fills dst with a permutation of 0 .. len(dst)-1 and returns it: the shuffled order of one epoch over a whole set.
// It is [Shuffle] of [Sequence].
func Order(dst []int32, seed uint64, epoch int) []int32 {
	return Shuffle(Sequence(dst), seed, epoch)
}

// Shuffle puts the image indices in idx, which may be any part of a set, into the order of their keys in this epoch,
// Key(seed, StreamShuffle, epoch, index), equal keys by index, and returns idx. The order that idx had before does not
// matter, and neither does which other images take part: two images stand in the same order in every subset.
func Shuffle(idx []int32, seed uint64, epoch int) []int32 {
	sortByKey(idx, seed, StreamShuffle, epoch)
	return idx
}

// Holdout splits the indices of s into val, n images drawn at random without regard to class, and train, the others;
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

func sortByKey(idx []int32, seed uint64, stream Stream, epoch int) {
	type draw struct {
		key   uint64
		index int32
	}
	draws := make([]draw, len(idx))
	for i, v := range idx {
		draws[i] = draw{Key(seed, stream, epoch, int(v)), v}
	}
	slices.SortFunc(draws, func(a, b draw) int {
		if c := cmp.Compare(a.key, b.key); c != 0 {
			return c
		}
		return cmp.Compare(a.index, b.index)
	})
	for i, d := range draws {
		idx[i] = d.index
	}
}
