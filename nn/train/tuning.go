package train

import (
	"errors"
	"fmt"
	"io/fs"

	"resnet/nn"
	"resnet/nn/train/checkpoint"
)

// tuneAsBefore makes a run that resumes choose as it chose when it began, which its tuning.json tells. A run on a GPU
// that has none, or a damaged one, is taken to have gone by heuristics: that is as near as it comes to the same bits.
func tuneAsBefore(d checkpoint.Dir, c nn.TuneConfig, was *DeviceConfig,
	log func(format string, args ...any)) nn.TuneConfig {
	given, err := nn.ReadTuning(d.Tuning())
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

// writeTuning keeps the choices of a run on a GPU, beside those that it made before, at another precision say.
func writeTuning(d checkpoint.Dir, device nn.Info) error {
	if device.GPU == nil {
		return nil
	}
	all := device.GPU.Choices
	if old, err := nn.ReadTuning(d.Tuning()); err == nil && old.Fits(all.TuningScope) == nil {
		old.Merge(all)
		all = old
	}
	if err := checkpoint.WriteJSON(d.Tuning(), all); err != nil {
		return fmt.Errorf("train: tuning: %w", err)
	}
	return nil
}
