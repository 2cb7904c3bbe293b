package cuda

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"resnet/nn"
)

// settled chooses the only candidate that is left.
func (x *chooser) settled(key, name string) {
	x.t.Helper()
	i, c, err := x.pick(key, []string{name}, nil)
	if i != 0 || err != nil {
		x.t.Errorf("%s: %d, %v", key, i, err)
	}
	x.settle(key, c, name, false)
}

// What is refused stays refused: in the process, in a run that goes on from its record, and, where choices are
// measured, in the cache.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	for _, mode := range []nn.TuneMode{nn.TuneOff, nn.TuneCached, nn.TuneOn} {
		x := newChooser(t, nn.TuneConfig{Mode: mode, Dir: dir})
		for _, name := range []string{"a", "b"} {
			if key := x.refuseFor("conv k", 8, name, "cudnnX: NOT_SUPPORTED"); key != "conv k" {
				t.Errorf("refused for %q", key)
			}
		}
		x.settled("conv k", "direct")
		want := nn.Choice{Choice: "direct", Refused: map[string]string{
			"a": "cudnnX: NOT_SUPPORTED", "b": "cudnnX: NOT_SUPPORTED"}}
		if got := x.used.Choices["conv k"]; got.Choice != want.Choice || !maps.Equal(got.Refused, want.Refused) {
			t.Errorf("%v: used %+v, want %+v", mode, got, want)
		}
		if x.tuner.measured != (mode == nn.TuneOn) {
			t.Errorf("%v: to be saved is %v", mode, x.tuner.measured)
		}
		resumed := newChooser(t, nn.TuneConfig{Given: x.used})
		if got := resumed.refusedFor("conv k"); !maps.Equal(got, want.Refused) {
			t.Errorf("%v: a resumed run takes %v as refused, want %v", mode, got, want.Refused)
		}
		if mode != nn.TuneOn {
			continue
		}
		x.save()
		cached := newChooser(t, nn.TuneConfig{Mode: nn.TuneCached, Dir: dir})
		if got := cached.refusedFor("conv k"); !maps.Equal(got, want.Refused) {
			t.Errorf("the cache says %v, want %v", got, want.Refused)
		}
		chose := nn.NewTuning(nn.TuningScope{Device: "a gpu"})
		chose.Choices["conv k"] = nn.Choice{Choice: "a"}
		goesOn := newChooser(t, nn.TuneConfig{Mode: nn.TuneOn, Dir: dir, Given: chose})
		if got := goesOn.refusedFor("conv k"); len(got) > 0 {
			t.Errorf("a run that chose a takes %v as refused, by the cache", got)
		}
	}
}

// A refusal for a smaller batch does not change the choice of the whole batch, nor that of a run that goes on from the
// record.
func TestRefusedForFewer(t *testing.T) {
	x := newChooser(t, nn.TuneConfig{})
	x.takes("a", false, "conv k", "a", "b")
	x.settle("conv k", nn.Choice{}, "a", true)
	own := x.refuseFor("conv k", 3, "a", "cudnnX: NOT_SUPPORTED")
	if own != "conv k at n=3" || len(x.refusedFor("conv k")) > 0 {
		t.Errorf("refused for %q, and for the whole batch %v", own, x.refusedFor("conv k"))
	}
	x.settled(own, "b")
	resumed := newChooser(t, nn.TuneConfig{Given: x.used})
	resumed.takes("a", false, "conv k", "b", "a")
	if got := slices.Collect(maps.Keys(resumed.refusedFor(own))); !slices.Equal(got, []string{"a"}) {
		t.Errorf("a resumed run takes %v as refused for 3 images, want a", got)
	}
}

// There is a line for each kind of work and call, whatever the number of shapes, and it is printable.
func TestRefusalsAreTold(t *testing.T) {
	x := newChooser(t, nn.TuneConfig{})
	for _, r := range [][4]string{
		{"conv.forward n=1", "algorithm 0", "cudnnX: NOT_SUPPORTED (3000): shape 1", "algorithm 1"},
		{"conv.forward n=2", "algorithm 1", "cudnnX: NOT_SUPPORTED (3000): shape 2", "direct"},
		{"conv.data n=1", "algorithm 0", "cudnnX: NOT_SUPPORTED (3000): shape 1", "algorithm 1"},
		{"pool n=1", dnnItself, "cudnnY: FAILED\n\x1b[31m", "own kernels"},
	} {
		x.settled(x.refuseFor(r[0], 1, r[1], r[2]), r[3])
	}
	x.tellRefusals()
	x.settled(x.refuseFor("pool n=2", 1, dnnItself, "cudnnY: FAILED"), "own kernels")
	x.tellRefusals()
	want := []string{
		"note: cuDNN refuses conv.forward of 2 shapes by algorithm 0 or algorithm 1 " +
			"(cudnnX: NOT_SUPPORTED (3000): shape 1); resnet uses algorithm 1 or direct",
		"note: cuDNN refuses conv.data by algorithm 0 (cudnnX: NOT_SUPPORTED (3000): shape 1); resnet uses algorithm 1",
		`note: cuDNN refuses pool (cudnnY: FAILED\n\x1b[31m); resnet uses own kernels`,
	}
	if !slices.Equal(x.notes, want) {
		t.Errorf("notes\n%s\nwant\n%s", strings.Join(x.notes, "\n"), strings.Join(want, "\n"))
	}
}
