package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"resnet/data/atomicfile"
	"resnet/nn/infer"
	"resnet/nn/models"
	"resnet/nn/safetensors"
)

// Version is the format of the checkpoints that Write writes and Read reads.
const Version = 1

// State is the progress of a run. Together with the tensors it is a checkpoint, from which a run continues with the
// same bits as without a stop. All random choices are functions of the seed, the epoch and the image, and the learning
// rate is one of the step, so neither has a state of its own. JSON keeps every float64 exactly.
type State struct {
	Version  int             `json:"version"`
	Config   json.RawMessage `json:"config"` // train.Config
	Model    models.Config   `json:"model"`
	Checksum string          `json:"data_checksum"`
	Backend  string          `json:"backend"`

	Epoch      int        `json:"epoch"` // whole epochs, validation included
	Step       int        `json:"step"`  // training steps of the next one
	GlobalStep int64      `json:"global_step"`
	Metrics    [2]float64 `json:"metrics"` // loss sum, correct count of those steps
	// Seconds is the duration of the epoch so far, TrainSeconds that of its training steps once they are all done.
	Seconds      float64 `json:"seconds"`
	TrainSeconds float64 `json:"train_seconds"`
	Best         *Best   `json:"best,omitempty"`
	Rows         []Row   `json:"rows"`
	// Device is the State of an nn.Async.
	Device []byte `json:"device_state,omitempty"`
}

// Best is the epoch whose weights are in best.safetensors: the first with the highest validation accuracy, or the last
// epoch without validation.
type Best struct {
	Epoch int          `json:"epoch"` // from 1
	Val   *infer.Score `json:"val,omitempty"`
}

// Check returns an error for a state that a run of so many epochs, with or without validation, cannot have.
func (s *State) Check(epochs int, validates bool) error {
	if s.Epoch < 0 || s.Epoch > epochs || s.Step < 0 || len(s.Rows) != s.Epoch {
		return fmt.Errorf("epoch %d of %d, step %d, %d rows: contradiction (damaged checkpoint)", s.Epoch, epochs,
			s.Step, len(s.Rows))
	}
	if (s.Best == nil) != (s.Epoch == 0) || s.Best != nil && (s.Best.Val != nil) != validates {
		return fmt.Errorf("best epoch %+v after %d epochs, validation %v: contradiction (damaged checkpoint)", s.Best,
			s.Epoch, validates)
	}
	return nil
}

// Write replaces the file at path: parameters, statistics and optimiser states under their names, the state as JSON in
// the metadata, and a checksum over all. It keeps the old file as previous.safetensors beside it.
func Write(fsys atomicfile.FS, path string, s *State, tensors []safetensors.Tensor) error {
	js, err := json.Marshal(s)
	if err != nil {
		return err
	}
	meta := map[string]string{"state": string(js), "sha256": safetensors.Digest(tensors, string(js))}
	return atomicfile.ReplaceOn(fsys, path, previousOf(path), func(w io.Writer) error {
		return safetensors.Write(w, tensors, meta)
	})
}

// ErrVersion is wrapped by the error of a checkpoint that another version of this program wrote.
var ErrVersion = errors.New("written by another version of this program")

// Read opens the newest checkpoint that is whole. If that is the previous one, damaged says what is wrong with the
// newer; Restore then puts it in its place. The caller closes the file.
func (d Dir) Read() (s *State, f *safetensors.File, damaged, err error) {
	s, f, err = Read(d.Checkpoint())
	if err == nil || errors.Is(err, ErrVersion) {
		return s, f, nil, err
	}
	s, f, e := Read(d.previous())
	if e != nil {
		return nil, nil, nil, err
	}
	return s, f, err, nil
}

// Restore puts the previous checkpoint in the place of a damaged one, which must not become the previous one in turn.
func (d Dir) Restore(fsys atomicfile.FS) error {
	err := fsys.Rename(d.previous(), d.Checkpoint())
	if err == nil {
		err = fsys.SyncDir(filepath.Dir(d.Checkpoint()))
	}
	if err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	return nil
}

// Read opens a checkpoint and checks everything but its configuration; see State.Check. The caller closes the file.
func Read(path string) (*State, *safetensors.File, error) {
	f, err := safetensors.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s: no such file (not a run directory?)", path)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w (damaged checkpoint?)", err)
	}
	s, err := Parse(f)
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, f, nil
}

// Parse returns the state of an open checkpoint.
func Parse(f *safetensors.File) (*State, error) {
	js, ok := f.Metadata["state"]
	if !ok {
		return nil, errors.New("no state in the metadata (a weights file, not a checkpoint? a run starts from it " +
			"with: resnet train --weights FILE)")
	}
	got, err := f.Digest(js)
	if err != nil {
		return nil, err
	}
	if want := f.Metadata["sha256"]; got != want {
		return nil, fmt.Errorf("sha-256 %.12s…, want %.12s… (damaged checkpoint)", got, want)
	}
	s := &State{}
	if err := json.Unmarshal([]byte(js), s); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	if s.Version != Version {
		return nil, fmt.Errorf("checkpoint version %d, want %d (%w)", s.Version, Version, ErrVersion)
	}
	return s, nil
}
