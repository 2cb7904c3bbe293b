package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"resnet/data/scan"
	"resnet/nn"
	"resnet/nn/cuda"
	"resnet/nn/device"
	"resnet/nn/safetensors"
	"resnet/nn/train/checkpoint"
)

// readCheckpoint opens and checks the checkpoint of a run. The caller closes the file.
func readCheckpoint(path string) (*checkpoint.State, *Config, *safetensors.File, error) {
	s, f, err := checkpoint.Read(path)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("train: resume: %w", err)
	}
	c, err := configOf(s)
	if err != nil {
		f.Close()
		return nil, nil, nil, fmt.Errorf("train: resume: %s: state: %w", path, err)
	}
	return s, c, f, nil
}

// readNewest opens the newest checkpoint of a run that is whole; see checkpoint.Dir.Read. The caller closes the file.
func readNewest(d checkpoint.Dir) (s *checkpoint.State, c *Config, f *safetensors.File, damaged, err error) {
	s, f, damaged, err = d.Read()
	if err != nil {
		return nil, nil, nil, nil, fmt.Errorf("train: resume: %w", err)
	}
	if c, err = configOf(s); err != nil {
		f.Close()
		return nil, nil, nil, nil, fmt.Errorf("train: resume: %s: state: %w", d.Checkpoint(), err)
	}
	return s, c, f, damaged, nil
}

// checkResumable says why there is nothing to resume at a path, and what to resume instead.
func checkResumable(d checkpoint.Dir) error {
	path := string(d)
	i, err := os.Stat(path)
	switch {
	case err == nil && i.IsDir() && d.Resumable():
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: no such directory", path)
	case err != nil:
		return err
	}
	inside := filepath.Clean(path)
	for range 2 { // of checkpoint/checkpoint.safetensors
		inside = filepath.Dir(inside)
		if checkpoint.Dir(inside).Resumable() {
			return fmt.Errorf("%s: want the run's directory (resnet train --resume %s)", path, inside)
		}
	}
	if !i.IsDir() {
		return fmt.Errorf("%s: is a file, want a run's directory", path)
	}
	if _, err := os.Stat(d.Config()); err == nil {
		return fmt.Errorf("%s: no checkpoint yet: the run ended before its first (begin it again: resnet train "+
			"--config %s --output %s)", path, d.Config(), path)
	}
	return fmt.Errorf("%s: no such file (not a run directory?)", d.Checkpoint())
}

// configOf returns the configuration of a checkpoint's run and checks the state against it.
func configOf(s *checkpoint.State) (*Config, error) {
	// The first versions of this program had only the CPU and no fusion, left out bad pictures, and did not write these
	// settings.
	c := &Config{OnBadImage: scan.Skip, DeviceConfig: DeviceConfig{Device: device.CPU, Precision: nn.FP32.String(),
		Fuse: cuda.FuseOff.String()}}
	if err := json.Unmarshal(s.Config, c); err != nil {
		return nil, err
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	return c, s.Check(c.Epochs, c.Val != ValNone)
}

// mayChange lists the settings that may differ when a run resumes: those that do not change what it computes, and those
// of the device, which only change rounding.
var mayChange = map[string]bool{
	"data_dir": true, "threads": true, "output": true,
	"checkpoint_seconds": true, "checkpoint_steps": true,
	"device": true, "precision": true, "deterministic": true, "fuse": true,
}

// checkOverride returns an error if the wanted settings of a resumed run may not replace the old ones after so many
// done epochs.
func checkOverride(old, wanted *Config, done int) error {
	if err := wanted.validate(); err != nil {
		return err
	}
	was, want := settings(old), settings(wanted)
	for _, key := range slices.Sorted(maps.Keys(was)) {
		if mayChange[key] || was[key] == want[key] {
			continue
		}
		fixed := old.Sched == SchedConstant || old.Sched == SchedStep
		switch {
		case key != "epochs":
			return fmt.Errorf("%s is %s, but the run began with %s (start a new run for other settings)", key,
				want[key], was[key])
		case !fixed:
			return fmt.Errorf("epochs is %s, but the run began with %s and its schedule %s depends on them", want[key],
				was[key], old.Sched)
		case wanted.Epochs < done:
			return fmt.Errorf("epochs is %s, but the run has done %d", want[key], done)
		}
	}
	return nil
}

// settings are a configuration's values as JSON, by name.
func settings(c *Config) map[string]string {
	js, err := json.Marshal(c)
	var raw map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(js, &raw)
	}
	if err != nil {
		panic(err) // a valid Config can always be encoded
	}
	m := make(map[string]string, len(raw))
	for key, v := range raw {
		m[key] = string(v)
	}
	return m
}
