package train

import (
	"errors"
	"fmt"
	"io/fs"

	"resnet/data/atomicfile"
	"resnet/nn"
	"resnet/nn/train/checkpoint"
)

// tuneAsBefore makes a resumed run keep the choices of its tuning.json. If a run on a GPU has no valid tuning.json, its
// choices were most likely made by heuristics, so these are used.
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

// writeTuning writes the choices of a run on a GPU, together with earlier ones, such as those at another precision.
func writeTuning(fsys atomicfile.FS, d checkpoint.Dir, device nn.Info) error {
	if device.GPU == nil {
		return nil
	}
	all := device.GPU.Choices
	if old, err := nn.ReadTuning(d.Tuning()); err == nil && old.Fits(all.TuningScope) == nil {
		old.Merge(all)
		all = old
	}
	if err := checkpoint.WriteJSON(fsys, d.Tuning(), all); err != nil {
		return fmt.Errorf("train: tuning: %w", err)
	}
	return nil
}
