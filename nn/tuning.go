package nn

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"resnet/nn/internal/enum"
)

// Tuning holds which of several ways to compute something was taken on a GPU, and how fast each was there. It is a JSON
// document: the cache on disk, one for a device and versions, and what a run keeps so that it can be resumed with the
// same choices, which are the same bits.
type Tuning struct {
	Format int `json:"format"`
	TuningScope
	// Choices are by what was chosen for, with all that its speed depends on: "conv.forward n=32 c=64 h=14 w=14 k=128
	// r=3 stride=1 pad=1x1 bfloat16 TensorOp".
	Choices map[string]Choice `json:"choices"`
}

// TuningScope is what measured times hold for.
type TuningScope struct {
	Device            string `json:"device"` // the GPU's name
	ComputeCapability string `json:"compute_capability"`
	Driver            string `json:"driver"` // the newest CUDA that it knows
	CUDNN             string `json:"cudnn"`
	CUBLAS            string `json:"cublas"`
	Kernels           string `json:"kernels"` // fingerprint of ours
}

// Choice is one decision. Microseconds are 0 where nothing was timed.
type Choice struct {
	Choice       string             `json:"choice"`
	Microseconds float64            `json:"us,omitempty"`
	Candidates   map[string]float64 `json:"rivals,omitempty"` // microseconds of the ways not taken; 0: cannot be run
	// Default is what is taken without times, where that is another.
	Default string `json:"default,omitempty"`
}

const tuningFormat = 1

// newTuning holds no choice yet.
func NewTuning(s TuningScope) *Tuning {
	return &Tuning{Format: tuningFormat, TuningScope: s, Choices: map[string]Choice{}}
}

// FileName is a name for the cache of this scope: "nvidia-h200-1a2b3c4d.json".
func (s TuningScope) FileName() string {
	plain := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}
	sum := sha256.Sum256([]byte(s.String()))
	return strings.Map(plain, strings.ToLower(s.Device)) + "-" + hex.EncodeToString(sum[:4]) + ".json"
}

func (s TuningScope) String() string {
	return fmt.Sprintf("%s %s, CUDA %s, cuDNN %s, cuBLAS %s, kernels %s", s.Device, s.ComputeCapability, s.Driver,
		s.CUDNN, s.CUBLAS, s.Kernels)
}

// ReadTuning reads a file. It is an error, of one line, where the file is damaged or of another format; one that does
// not exist wraps fs.ErrNotExist.
func ReadTuning(path string) (*Tuning, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("nn: tuning: %w", err)
	}
	t := &Tuning{}
	if err := json.Unmarshal(text, t); err != nil {
		return nil, fmt.Errorf("nn: tuning: %s: %w (damaged?)", path, err)
	}
	if t.Format != tuningFormat {
		return nil, fmt.Errorf("nn: tuning: %s: format %d, want %d (written by another version of this program)", path,
			t.Format, tuningFormat)
	}
	for key, c := range t.Choices {
		if c.Choice == "" || c.Microseconds < 0 {
			return nil, fmt.Errorf("nn: tuning: %s: %s: choice %q of %g us (damaged?)", path, key, c.Choice,
				c.Microseconds)
		}
	}
	if t.Choices == nil {
		t.Choices = map[string]Choice{}
	}
	return t, nil
}

// Fits reports where the choices are of another scope.
func (t *Tuning) Fits(scope TuningScope) error {
	if t.TuningScope != scope {
		return fmt.Errorf("nn: tuning: of %v, this is %v", t.TuningScope, scope)
	}
	return nil
}

// Merge takes over the choices of other, which win.
func (t *Tuning) Merge(other *Tuning) { maps.Copy(t.Choices, other.Choices) }

// Save merges the choices into the file at path, which another process may have written meanwhile, and replaces it as a
// whole. What cannot be read there is written anew. Of two that write at the same moment one loses what it added: it
// will be measured again. Nor is the file forced onto the disk: a crash may damage it, and that is found on reading.
func (t *Tuning) Save(path string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("nn: tuning: %w", err)
		}
	}()
	all := NewTuning(t.TuningScope)
	if old, err := ReadTuning(path); err == nil && old.Fits(t.TuningScope) == nil {
		all.Merge(old)
	}
	all.Merge(t)
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-"+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// TuneMode says how a GPU comes to a choice among several ways to compute something: an algorithm of cuDNN's, or
// kernels of our own.
type TuneMode uint8

const (
	TuneOff    TuneMode = iota // by cuDNN's heuristics
	TuneCached                 // what was measured before, or else by heuristics
	TuneOn                     // what was not measured before is measured
)

var tuneModes = [...]string{"off", "cached", "on"}

func (m TuneMode) String() string { return tuneModes[m] }

// ParseTuneMode is the mode of that name.
func ParseTuneMode(name string) (TuneMode, error) {
	return enum.Parse[TuneMode]("nn: tune", name, tuneModes[:])
}

// TuneConfig says how choices are made.
type TuneConfig struct {
	Mode TuneMode
	// Dir holds what was measured, a file for each device and versions of its libraries; empty: nothing is kept.
	Dir string
	// Given choices go first, whatever the mode: those that a run began with.
	Given *Tuning
	// Log, if not nil, is told what is wrong with the file, and with given choices; one line, no newline.
	Log func(format string, args ...any)
}

// TuneReport says how the choices of a backend were made.
type TuneReport struct {
	Mode    TuneMode
	File    string // the cache; empty: none
	Cached  int    // choices that the file had when it was read
	Choices int    // that were made
	Timed   int    // of those, by measurement, now or before
	Now     int    // measured by this process
}

func (r TuneReport) String() string {
	s := fmt.Sprintf("%v: %d of %d choices measured", r.Mode, r.Timed, r.Choices)
	if r.Now > 0 {
		s += fmt.Sprintf(", %d now", r.Now)
	}
	return s
}
