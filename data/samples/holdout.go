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

// HoldOut moves about a fraction of the training samples of each class to validation. Sums has the content of each
// sample.
//
// The content alone decides: it goes to validation where a hash of it lies in that fraction of all hashes. So a sample
// never changes sides when others come or go, and the copies of a picture are on one side, whatever their names and
// classes. A class of n pictures gives fraction*n of them on average, but at least one if it has two, and keeps one for
// training.
func (s *Set) HoldOut(sums []Sum, fraction float64) error {
	if len(sums) != len(s.Samples) {
		return fmt.Errorf("samples: %d sums for %d samples", len(sums), len(s.Samples))
	}
	if !(fraction > 0 && fraction < 1) {
		return fmt.Errorf("samples: validation fraction %v, want between 0 and 1", fraction)
	}
	classes := make([]heldOut, len(s.Classes))
	for i, x := range s.Samples {
		if x.Split == Train {
			classes[x.Class].add(sums[i])
		}
	}
	held := map[Sum]bool{} // exceptions to what the hash says
	for _, c := range classes {
		if c.distinct && c.lowest > bound(fraction) {
			held[c.lowestSum] = true
		}
	}
	for _, c := range classes { // last, because a class needs samples to train on more than others
		if c.any && c.highest <= bound(fraction) {
			held[c.highestSum] = false
		}
	}
	for i := range s.Samples {
		x := &s.Samples[i]
		if x.Split != Train {
			continue
		}
		out, exception := held[sums[i]]
		if out || !exception && place(sums[i]) <= bound(fraction) {
			x.Split = Val
		}
	}
	s.Sort()
	return nil
}

// heldOut is what decides whether a class has samples on both sides: its contents with the lowest and the highest
// place.
type heldOut struct {
	any, distinct         bool // has samples; of two contents
	lowest, highest       uint64
	lowestSum, highestSum Sum
}

func (h *heldOut) add(sum Sum) {
	at := place(sum)
	if !h.any || at < h.lowest {
		h.lowest, h.lowestSum = at, sum
	}
	if !h.any || at > h.highest {
		h.highest, h.highestSum = at, sum
	}
	h.any = true
	h.distinct = h.lowestSum != h.highestSum
}

// bound is the highest place that is held out.
func bound(fraction float64) uint64 { return uint64(fraction * math.MaxUint64) }

// place is where a content lies among all hashes. It is a hash of its own, so that no other use of the sum, such as
// names of files that begin with it, has anything to do with the split.
func place(sum Sum) uint64 {
	h := sha256.Sum256(append([]byte("validation "), sum[:]...))
	return binary.BigEndian.Uint64(h[:])
}
