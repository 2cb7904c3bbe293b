package data

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"resnet/data/samples"
)

// HoldoutShare splits the indices of s into val, about a share of the images of each class, and train, the others; both
// ascending. Which they are depends on the images' contents alone, see [samples.HoldOut]: on the bytes of an image's
// file where it has one, otherwise on its pixels.
func HoldoutShare(s *Set, share float64) (train, val []int32, err error) {
	held, err := samples.HoldOut(samples.Val, s.Labels, s.contents(), share)
	if err != nil {
		return nil, nil, fmt.Errorf("data: holdout: %w", err)
	}
	for i, out := range held {
		if out {
			val = append(val, int32(i))
		} else {
			train = append(train, int32(i))
		}
	}
	if len(val) == 0 {
		return nil, nil, errors.New("data: holdout: no class has two images that differ, want more to hold out some")
	}
	return train, val, nil
}

// contents are the sums of the images' files, or of their pixels where all lie in one file.
func (s *Set) contents() []samples.Sum {
	if s.sums != nil {
		return s.sums
	}
	sums := make([]samples.Sum, s.N)
	hash := func(i int) { sums[i] = sha256.Sum256(s.Image(i)) }
	_ = inParallel(context.Background(), s.N, hash) // its error is that of a context that ends
	return sums
}
