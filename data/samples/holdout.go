package samples

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
)

// Sum is the SHA-256 of a file's bytes: its identity, wherever it lies. Two files of the same pixels but other bytes,
// such as another comment in a JPEG, are different ones; reading bytes costs a hundredth of decoding them.
type Sum [sha256.Size]byte

// HoldOut chooses about a share of the samples of each class for validation or for testing, by the class and the
// content of each. The result tells which they are.
//
// The content alone decides: it is held out where a hash of it lies in that share of all hashes. So a sample never
// changes sides when others come or go, and the copies of a picture are on one side, whatever their names and classes.
// A class of n pictures gives share*n of them on average, but at least one if it has two, and keeps one for training.
// Each split has hashes of its own: what is held out for testing says nothing about what is for validation.
func HoldOut(split Split, classes []int32, sums []Sum, share float64) ([]bool, error) {
	if len(sums) != len(classes) {
		return nil, fmt.Errorf("samples: %d sums for %d samples", len(sums), len(classes))
	}
	if !(share > 0 && share < 1) {
		return nil, fmt.Errorf("samples: a share of %v for %v, want between 0 and 1", share, split)
	}
	places := make([]uint64, len(sums))
	of := map[int32]*extremes{}
	for i, class := range classes {
		places[i] = place(split, sums[i])
		if of[class] == nil {
			of[class] = newExtremes(places[i], sums[i])
		}
		of[class].add(places[i], sums[i])
	}
	bound := uint64(share * math.MaxUint64) // highest place that is held out
	exceptions := map[Sum]bool{}            // to what the hash says
	for _, c := range of {
		if c.lowestSum != c.highestSum && c.lowest > bound {
			exceptions[c.lowestSum] = true
		}
	}
	for _, c := range of { // last, because a class needs samples to train on more than others
		if c.highest <= bound {
			exceptions[c.highestSum] = false
		}
	}
	held := make([]bool, len(sums))
	for i, sum := range sums {
		out, exception := exceptions[sum]
		held[i] = out || !exception && places[i] <= bound
	}
	return held, nil
}

// extremes decide whether a class has samples on both sides: its contents with the lowest and the highest place.
type extremes struct {
	lowest, highest       uint64
	lowestSum, highestSum Sum
}

func newExtremes(at uint64, sum Sum) *extremes { return &extremes{at, at, sum, sum} }

func (e *extremes) add(at uint64, sum Sum) {
	if at < e.lowest {
		e.lowest, e.lowestSum = at, sum
	}
	if at > e.highest {
		e.highest, e.highestSum = at, sum
	}
}

// place is where a content lies among all hashes for a split. It is a hash of its own, so that no other use of the sum,
// such as names of files that begin with it, has anything to do with the split.
func place(split Split, sum Sum) uint64 {
	h := sha256.Sum256(append([]byte("held out for "+split.String()+" "), sum[:]...))
	return binary.BigEndian.Uint64(h[:])
}
