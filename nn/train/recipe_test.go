package train

import (
	"testing"

	"resnet/nn/models"
)

// Every recipe of every model is a valid configuration.
func TestRecipes(t *testing.T) {
	for _, m := range models.All() {
		for _, r := range m.Recipes {
			c := Defaults()
			c.SetModel(m.Name)
			if err := c.SetRecipe(r.Name); err != nil {
				t.Errorf("%s, %s: %v", m.Name, r.Name, err)
			}
			if err := c.Validate(); err != nil || r.About == "" {
				t.Errorf("%s, %s: %v, about %q, want a valid one and words about it", m.Name, r.Name, err, r.About)
			}
		}
	}
}

// A recipe changes what it names, the optimiser's defaults with it, and nothing else.
func TestStrongRecipe(t *testing.T) {
	c := Defaults()
	c.Seed, c.Val = 3, "5000"
	if err := c.SetRecipe("strong"); err != nil {
		t.Fatal(err)
	}
	want := Defaults()
	want.Seed, want.Val = 3, "5000"
	want.SetOptimizer("adamw")
	want.Epochs, want.BatchSize, want.LR, want.Sched = 20, 128, 4e-3, SchedOneCycle
	want.CropPadding, want.HFlip, want.Smoothing = 2, 0.5, 0.05
	if c != want {
		t.Errorf("%+v, want %+v", c, want)
	}
	if err := c.SetRecipe("weak"); err == nil {
		t.Error("a recipe that there is not: no error")
	}
}
