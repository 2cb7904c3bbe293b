package samples

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// numbered returns the classes of n samples a class, and the sums of their contents.
func numbered(classes, n int) (of []int32, sums []Sum) {
	for c := range classes {
		for i := range n {
			of = append(of, int32(c))
			sums = append(sums, sha256.Sum256(fmt.Appendf(nil, "%d of %d", i, c)))
		}
	}
	return of, sums
}

// holdOut holds out for validation, and returns the number that are held out of each class as well.
func holdOut(t *testing.T, classes []int32, sums []Sum, share float64) (held []bool, per []int) {
	t.Helper()
	held, err := HoldOut(Val, classes, sums, share)
	if err != nil {
		t.Fatal(err)
	}
	per = make([]int, slices.Max(classes)+1)
	for i, out := range held {
		if out {
			per[classes[i]]++
		}
	}
	return held, per
}

func TestHoldOut(t *testing.T) {
	const classes, n, share = 5, 1000, 0.1
	of, sums := numbered(classes, n)
	held, per := holdOut(t, of, sums, share)
	for c, got := range per { // five standard deviations of a binomial distribution
		if off := math.Abs(float64(got) - share*n); off > 5*math.Sqrt(n*share*(1-share)) {
			t.Errorf("class %d: %d of %d held out, want about %v", c, got, n, share*n)
		}
	}

	// More files change nothing for those that are there.
	of, sums = numbered(classes, 2*n)
	more, _ := holdOut(t, of, sums, share)
	for c := range classes {
		if !slices.Equal(more[2*n*c:2*n*c+n], held[n*c:n*c+n]) {
			t.Errorf("class %d: samples have changed sides", c)
		}
	}
}

// What is held out of the rest for another split is not what the first hash left over.
func TestHoldOutTwice(t *testing.T) {
	of, sums := numbered(1, 1000)
	tested, err := HoldOut(Test, of, sums, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	var rest []Sum
	for i, sum := range sums {
		if !tested[i] {
			rest = append(rest, sum)
		}
	}
	_, per := holdOut(t, of[:len(rest)], rest, 0.1)
	if want := 0.1 * float64(len(rest)); math.Abs(float64(per[0])-want) > 5*math.Sqrt(0.9*want) {
		t.Errorf("%d of %d held out for validation after a test split, want about %v", per[0], len(rest), want)
	}
}

// Copies are on one side, also under another class.
func TestHoldOutKeepsCopiesTogether(t *testing.T) {
	of, sums := numbered(2, 200)
	copy(sums[200:], sums[:200])
	held, per := holdOut(t, of, sums, 0.3)
	if per[0] == 0 || !slices.Equal(held[:200], held[200:]) {
		t.Errorf("%v held out, want the same of both classes", per)
	}
}

// A class of two pictures or more has some on both sides, one of a single picture is for training.
func TestHoldOutOfSmallClasses(t *testing.T) {
	for _, share := range []float64{0.001, 0.5, 0.999} {
		for _, n := range []int{2, 1} {
			of, sums := numbered(300, n)
			_, per := holdOut(t, of, sums, share)
			if slices.ContainsFunc(per, func(held int) bool { return held != n-1 }) {
				t.Errorf("share %v: of classes of %d pictures %v are held out, want %d each", share, n, per, n-1)
			}
		}
	}
}

func TestHoldOutRefuses(t *testing.T) {
	of, sums := numbered(2, 50)
	for _, share := range []float64{0, 1, -1, math.NaN()} {
		_, err := HoldOut(Val, of, sums, share)
		if err == nil || !strings.Contains(err.Error(), "want between 0 and 1") {
			t.Errorf("share %v: %v", share, err)
		}
	}
	if _, err := HoldOut(Val, of, sums[1:], 0.5); err == nil {
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
