package train

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"resnet/nn"
	"resnet/nn/device"
)

// tuneAsBefore makes a run that resumes choose as it chose when it began, which
// its tuning.json tells. A run on a GPU that has none, or a damaged one, is taken
// to have gone by heuristics: that is as near as it comes to the same bits.
func (d runDir) tuneAsBefore(c nn.TuneConfig, was *device.Config, log func(format string, args ...any)) nn.TuneConfig {
	given, err := nn.ReadTuning(d.tuning())
	if err == nil {
		c.Given = given
		return c
	}
	if !errors.Is(err, fs.ErrNotExist) {
		log("note: %v; algorithms are chosen by heuristics", err)
	}
	if _, onGPU := was.GPU(); onGPU {
		c.Mode = nn.TuneOff
	}
	return c
}

// writeTuning keeps the choices of a run, if there are any, beside those that
// it made before, at another precision say.
func (d runDir) writeTuning(used *nn.Tuning) error {
	if used == nil {
		return nil
	}
	all := used
	if old, err := nn.ReadTuning(d.tuning()); err == nil && old.Fits(used.TuningScope) == nil {
		old.Merge(used)
		all = old
	}
	if err := WriteFile(d.tuning(), func(w io.Writer) error { return indented(w, all) }); err != nil {
		return fmt.Errorf("train: tuning: %w", err)
	}
	return nil
}
