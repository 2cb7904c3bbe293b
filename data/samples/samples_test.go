package samples

import (
	"crypto/sha256"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
)

// numbered is a set of n training samples a class, and the sums of their contents.
func numbered(classes, n int) (*Set, []Sum) {
	s := &Set{}
	var sums []Sum
	for c := range classes {
		s.Classes = append(s.Classes, fmt.Sprint("class", c))
		for i := range n {
			s.Samples = append(s.Samples, Sample{Path: fmt.Sprintf("%d/%06d", c, i), Class: int32(c), Weight: 1})
			sums = append(sums, sha256.Sum256(fmt.Appendf(nil, "%d of %d", i, c)))
		}
	}
	return s, sums
}

// held returns the paths in validation.
func held(s *Set) map[string]bool {
	paths := map[string]bool{}
	for _, x := range s.Samples {
		if x.Split == Val {
			paths[x.Path] = true
		}
	}
	return paths
}

func TestHoldOut(t *testing.T) {
	const classes, n, fraction = 5, 1000, 0.1
	s, sums := numbered(classes, n)
	if err := s.HoldOut(sums, fraction); err != nil {
		t.Fatal(err)
	}
	var per [classes]int
	for _, x := range s.Samples {
		if x.Split == Val {
			per[x.Class]++
		}
	}
	for c, got := range per { // five standard deviations of a binomial distribution
		if off := math.Abs(float64(got) - fraction*n); off > 5*math.Sqrt(n*fraction*(1-fraction)) {
			t.Errorf("class %d: %d of %d held out, want about %v", c, got, n, fraction*n)
		}
	}
	if last := s.Samples[len(s.Samples)-1]; last.Split != Val {
		t.Error("samples are not sorted by split")
	}

	// More files change nothing for those that are there.
	more, sums := numbered(classes, 2*n)
	if err := more.HoldOut(sums, fraction); err != nil {
		t.Fatal(err)
	}
	now := held(more)
	for path := range held(s) {
		if !now[path] {
			t.Errorf("%s has left validation", path)
		}
		delete(now, path)
	}
	for path := range now {
		if path[2:] < "001000" {
			t.Errorf("%s has come to validation", path)
		}
	}
}

// Copies are on one side, also under another class.
func TestHoldOutKeepsCopiesTogether(t *testing.T) {
	s, sums := numbered(2, 200)
	copy(sums[200:], sums[:200])
	if err := s.HoldOut(sums, 0.3); err != nil {
		t.Fatal(err)
	}
	out := held(s)
	if len(out) == 0 || len(out)%2 != 0 {
		t.Errorf("%d held out, want an even number", len(out))
	}
	for path := range out {
		if other := fmt.Sprintf("%c%s", '0'+'1'-path[0], path[1:]); !out[other] {
			t.Errorf("%s is in validation, its copy %s is not", path, other)
		}
	}
}

// A class of two pictures or more has some on both sides, one of a single picture is for training.
func TestHoldOutOfSmallClasses(t *testing.T) {
	for _, fraction := range []float64{0.001, 0.5, 0.999} {
		s, sums := numbered(300, 2)
		if err := s.HoldOut(sums, fraction); err != nil {
			t.Fatal(err)
		}
		if n := len(held(s)); n != 300 {
			t.Errorf("fraction %v: %d of 300 classes of two have one in validation", fraction, n)
		}
		s, sums = numbered(300, 1)
		if err := s.HoldOut(sums, fraction); err != nil {
			t.Fatal(err)
		}
		if n := len(held(s)); n != 0 {
			t.Errorf("fraction %v: %d of 300 classes of one have it in validation", fraction, n)
		}
	}
}

func TestHoldOutLeavesOtherSplits(t *testing.T) {
	s, sums := numbered(2, 50)
	for i := range s.Samples {
		s.Samples[i].Split = Test
	}
	want := *s
	if err := s.HoldOut(sums, 0.5); err != nil || !reflect.DeepEqual(*s, want) {
		t.Errorf("%v, samples of the test split have moved", err)
	}
	for _, fraction := range []float64{0, 1, -1, math.NaN()} {
		if err := s.HoldOut(sums, fraction); err == nil || !strings.Contains(err.Error(), "want between 0 and 1") {
			t.Errorf("fraction %v: %v", fraction, err)
		}
	}
	if err := s.HoldOut(sums[1:], 0.5); err == nil {
		t.Error("no error for a sum too few")
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]Split{"train": Train, "VALID": Val, "Validation": Val, "val": Val,
		"test": Test} {
		if got, ok := ParseSplit(name); !ok || got != want {
			t.Errorf("%s: %v, %v", name, got, ok)
		}
	}
	if _, ok := ParseSplit("trains"); ok {
		t.Error("trains is a split")
	}
	if got := (Other{"a", NotPicture, ".txt"}).String(); got != "a: not a picture: .txt" {
		t.Error(got)
	}
	seen := map[string]bool{}
	for r := range reasons {
		if r.String() == "" || seen[r.String()] {
			t.Errorf("reason %d is called %q", r, r)
		}
		seen[r.String()] = true
	}
}
