package train

import (
	"fmt"
	"math"
	"slices"

	"resnet/nn/internal/enum"
)

// Names of the learning-rate schedules.
const (
	SchedConstant = "constant"
	SchedStep     = "step"
	SchedCosine   = "cosine"
	SchedOneCycle = "onecycle"
)

// ScheduleNames lists the schedules, the default first.
func ScheduleNames() []string { return []string{SchedConstant, SchedStep, SchedCosine, SchedOneCycle} }

// Schedule says how the learning rate changes. With base the configured rate, t the steps and e the whole epochs since
// the end of the warm-up, and T the number of steps from there to the end of training:
//
//	constant  base
//	step      base * Gamma^floor(e/StepSize)
//	cosine    MinLR + (base-MinLR)/2 * (1 + cos(π t/T))    (Loshchilov and Hutter 2017)
//	onecycle  cosine from base/DivFactor up to base during the first PctStart of T,
//	          then cosine down to base/DivFactor/FinalDivFactor    (Smith and Topin 2018)
//
// as PyTorch's StepLR, CosineAnnealingLR (stepped every batch) and OneCycleLR (without its cycling of momentum). A
// warm-up of w steps raises the rate linearly: step k, from 0, has (k+1)/w of the rate that comes after it.
type Schedule struct {
	Sched  string `json:"sched"`
	Warmup int    `json:"warmup"` // epochs

	StepSize       int     `json:"step_size"`        // step: epochs between reductions
	Gamma          float64 `json:"gamma"`            // step
	MinLR          float64 `json:"min_lr"`           // cosine
	PctStart       float64 `json:"pct_start"`        // onecycle
	DivFactor      float64 `json:"div_factor"`       // onecycle
	FinalDivFactor float64 `json:"final_div_factor"` // onecycle
}

// LR is the learning rate of a step, counted from 0 over the whole run.
func (s *Schedule) LR(base float64, step int64, stepsPerEpoch, epochs int) float64 {
	total := int64(epochs) * int64(stepsPerEpoch)
	warm := int64(s.Warmup) * int64(stepsPerEpoch)
	if step < warm {
		return s.after(base, 0, total-warm, stepsPerEpoch) * float64(step+1) / float64(warm)
	}
	return s.after(base, step-warm, total-warm, stepsPerEpoch)
}

// after is the rate at step t of total after the warm-up.
func (s *Schedule) after(base float64, t, total int64, stepsPerEpoch int) float64 {
	switch s.Sched {
	case SchedStep:
		return base * math.Pow(s.Gamma, float64(t/int64(stepsPerEpoch*s.StepSize)))
	case SchedCosine:
		return anneal(base, s.MinLR, float64(t)/float64(total))
	case SchedOneCycle:
		first := base / s.DivFactor
		peak, last := s.PctStart*float64(total)-1, float64(total-1)
		switch {
		case float64(t) < peak:
			return anneal(first, base, float64(t)/peak)
		case last <= max(peak, 0):
			return base // the cycle is too short for a descent
		}
		return anneal(base, first/s.FinalDivFactor, (float64(t)-peak)/(last-peak))
	}
	return base
}

// anneal interpolates between two values along half a cosine, 0 <= x <= 1.
func anneal(from, to, x float64) float64 {
	return to + (from-to)/2*(1+math.Cos(math.Pi*x))
}

func (s *Schedule) validate(base float64, epochs int) error {
	switch {
	case !slices.Contains(ScheduleNames(), s.Sched):
		return fmt.Errorf("schedule %q, want %s", s.Sched, enum.List(ScheduleNames()))
	case s.Warmup < 0 || s.Warmup > 0 && s.Warmup >= epochs:
		return fmt.Errorf("warm-up of %d epochs, want 0 to %d (training has %d)", s.Warmup, epochs-1, epochs)
	case s.Sched == SchedStep && s.StepSize < 1:
		return fmt.Errorf("schedule step: step size of %d epochs, want at least 1", s.StepSize)
	case s.Sched == SchedStep && !(s.Gamma > 0 && s.Gamma <= 1):
		return fmt.Errorf("schedule step: gamma %g, want 0 < gamma <= 1", s.Gamma)
	case s.Sched == SchedCosine && !(s.MinLR >= 0 && s.MinLR <= base):
		return fmt.Errorf("schedule cosine: lowest learning rate %g, want 0 to the learning rate %g", s.MinLR, base)
	case s.Sched == SchedOneCycle && !(s.PctStart >= 0 && s.PctStart <= 1):
		return fmt.Errorf("schedule onecycle: start fraction %g, want 0 to 1", s.PctStart)
	case s.Sched == SchedOneCycle && !(finite(s.DivFactor) && s.DivFactor >= 1 && finite(s.FinalDivFactor) &&
		s.FinalDivFactor >= 1):
		return fmt.Errorf("schedule onecycle: division factors %g and %g, want at least 1", s.DivFactor,
			s.FinalDivFactor)
	}
	return nil
}
