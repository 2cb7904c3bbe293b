package train

import (
	"os"
	"testing"

	"resnet/nn/models"
	"resnet/nn/weights"
)

// Pixels are normalised as the data set has it, or as the weights that a run starts from had it, and a run keeps its
// way when it resumes without those weights.
func TestNormalizationTravels(t *testing.T) {
	of := func(path string) [2]models.PerChannel {
		t.Helper()
		m, err := weights.ReadMetadata(path)
		if err != nil {
			t.Fatal(err)
		}
		return [2]models.PerChannel{m.Model.Mean, m.Model.Std}
	}
	c, o := small(t)
	plain := mustRun(t, c, o)
	if got := of(plain.LastWeights); got != [2]models.PerChannel{} {
		t.Errorf("normalised by %q where the data set has nothing", got)
	}

	c, o = small(t)
	o.Source.Mean, o.Source.Std = []float32{0.3}, []float32{0.25}
	fresh := mustRun(t, c, o)
	want := [2]models.PerChannel{"0.3", "0.25"}
	if got := of(fresh.BestWeights); got != want {
		t.Errorf("normalised by %q, want the data set's %q", got, want)
	}

	c, o = small(t)
	c.Weights = fresh.LastWeights
	o.Source.Mean, o.Source.Std = []float32{0.9}, []float32{0.5}
	interrupted(t, c, o, 12)
	if err := os.Remove(fresh.LastWeights); err != nil {
		t.Fatal(err)
	}
	tuned, err := Resume(t.Context(), c.Output, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := of(tuned.LastWeights); got != want {
		t.Errorf("normalised by %q, want %q as the weights that the run started from", got, want)
	}
}
