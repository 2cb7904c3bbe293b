package train

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"resnet/nn"
	"resnet/nn/cuda"
	"resnet/nn/device"
	"resnet/nn/models"
	"resnet/nn/safetensors"
)

const checkpointVersion = 1

// state is where a run stands. With the tensors it is a checkpoint: a run that
// continues from it does what it would have done, bit for bit. All draws are
// functions of the seed, the epoch and the image, and the learning rate is one
// of the step, so neither has a state of its own. JSON keeps every float64 exactly.
type state struct {
	Version  int           `json:"version"`
	Config   Config        `json:"config"`
	Model    models.Config `json:"model"`
	Checksum string        `json:"data_checksum"`
	Backend  string        `json:"backend"`

	Epoch      int        `json:"epoch"` // whole epochs, validation included
	Step       int        `json:"step"`  // training steps of the next one
	GlobalStep int64      `json:"global_step"`
	Metrics    [2]float64 `json:"metrics"` // loss sum, correct count of those steps
	// Seconds is what the epoch took so far; TrainSeconds what its training
	// steps took, once they are all done.
	Seconds      float64 `json:"seconds"`
	TrainSeconds float64 `json:"train_seconds"`
	Best         *Best   `json:"best,omitempty"`
	Rows         []Row   `json:"rows"`
	// Device is what the executor keeps besides, see nn.Stateful.
	Device []byte `json:"device_state,omitempty"`
}

// optimizerStates are the roles that hold an optimiser's state.
func optimizerStates(o nn.Optimizer) []nn.Role {
	return []nn.Role{nn.Momentum, nn.SecondMoment}[:o.States()]
}

// writeCheckpoint replaces the file at path: parameters, statistics and
// optimiser states under their names, the state as JSON in the metadata, and a
// checksum over all.
func writeCheckpoint(path string, s *state, tensors []safetensors.Tensor) error {
	js, err := json.Marshal(s)
	if err != nil {
		return err
	}
	meta := map[string]string{"state": string(js), "sha256": safetensors.Digest(tensors, string(js))}
	return WriteFile(path, func(w io.Writer) error { return safetensors.Write(w, tensors, meta) })
}

// readCheckpoint opens a checkpoint and checks it whole. The caller closes the file.
func readCheckpoint(path string) (*state, *safetensors.File, error) {
	f, err := safetensors.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("train: resume: %s: no such file (not a run directory?)", path)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("train: resume: %w (damaged checkpoint?)", err)
	}
	s, err := parseState(f)
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("train: resume: %s: %w", path, err)
	}
	return s, f, nil
}

func parseState(f *safetensors.File) (*state, error) {
	js, ok := f.Metadata["state"]
	if !ok {
		return nil, errors.New("no state in the metadata (a weights file, not a checkpoint?)")
	}
	tensors, err := f.All()
	if err != nil {
		return nil, err
	}
	if got, want := safetensors.Digest(tensors, js), f.Metadata["sha256"]; got != want {
		return nil, fmt.Errorf("sha-256 %.12s…, want %.12s… (damaged checkpoint)", got, want)
	}
	// A checkpoint that names no device is of a time that knew only the CPU, and
	// one that does not speak of fusing of one that did not fuse.
	s := &state{Config: Config{Config: device.Config{Device: device.CPU, Precision: nn.FP32.String(), Fuse: cuda.FuseOff.String()}}}
	if err := json.Unmarshal([]byte(js), s); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	if s.Version != checkpointVersion {
		return nil, fmt.Errorf("checkpoint version %d, want %d (written by another version of this program)", s.Version, checkpointVersion)
	}
	if err := s.Config.validate(); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	if s.Epoch < 0 || s.Epoch > s.Config.Epochs || s.Step < 0 || len(s.Rows) != s.Epoch {
		return nil, fmt.Errorf("state: epoch %d of %d, step %d, %d rows: contradiction (damaged checkpoint)", s.Epoch, s.Config.Epochs, s.Step, len(s.Rows))
	}
	if (s.Best == nil) != (s.Epoch == 0) || s.Best != nil && (s.Best.Val == nil) != (s.Config.Val == ValNone) {
		return nil, fmt.Errorf("state: best epoch %+v after %d epochs with val %q: contradiction (damaged checkpoint)", s.Best, s.Epoch, s.Config.Val)
	}
	return s, nil
}

// firstBroken names a tensor that holds NaN or infinity, or is "".
func firstBroken(tensors []safetensors.Tensor) string {
	const exponent = 0xff << 23 // all ones in NaN and infinity only
	for i := range tensors {
		p := tensors[i].Data
		for ; len(p) >= 4; p = p[4:] {
			if binary.LittleEndian.Uint32(p)&exponent == exponent {
				return tensors[i].Name
			}
		}
	}
	return ""
}

// mayChange lists the settings that do not change what a run computes, but for
// those of the device, which change how it rounds.
var mayChange = map[string]bool{
	"data_dir": true, "threads": true, "output": true, "weights": true,
	"checkpoint_seconds": true, "checkpoint_steps": true,
	"device": true, "precision": true, "deterministic": true, "fuse": true,
}

// checkOverride compares the settings that a resumed run asks for with those
// that it began with.
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
			return fmt.Errorf("%s is %s, but the run began with %s (start a new run for other settings)", key, want[key], was[key])
		case !fixed:
			return fmt.Errorf("epochs is %s, but the run began with %s and its schedule %s depends on them", want[key], was[key], old.Sched)
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
		panic(err) // a validated Config has a JSON form
	}
	m := make(map[string]string, len(raw))
	for key, v := range raw {
		m[key] = string(v)
	}
	return m
}
