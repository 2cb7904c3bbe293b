package nn

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"resnet/data/atomicfile"
	"resnet/nn/internal/enum"
	"resnet/nn/internal/regular"
)

// Tuning records which of several candidates was chosen for each computation on a GPU, and how fast each was. As a JSON
// file it is the cache on disk, one for each device and its library versions; a run keeps a copy of its own, so that it
// resumes with the same choices and therefore the same bits.
type Tuning struct {
	Format int `json:"format"`
	TuningScope
	// Choices are keyed by the computation and everything that its speed depends on: "conv.forward n=32 c=64 h=14 w=14
	// k=128 r=3 stride=1 pad=1x1 bfloat16 TensorOp".
	Choices map[string]Choice `json:"choices"`
}

// TuningScope is the device and the versions that measured times are valid for.
type TuningScope struct {
	Device            string `json:"device"` // the GPU's name
	ComputeCapability string `json:"compute_capability"`
	Driver            string `json:"driver"` // the newest CUDA version that it supports
	CUDNN             string `json:"cudnn"`
	CUBLAS            string `json:"cublas"`
	Kernels           string `json:"kernels"` // fingerprint of the kernels of this module
}

// Choice is the candidate chosen for one computation. Microseconds is 0 where nothing was timed.
type Choice struct {
	Choice       string             `json:"choice"`
	Microseconds float64            `json:"us,omitempty"`
	Candidates   map[string]float64 `json:"rivals,omitempty"` // the others, in microseconds; 0: cannot run
	// Default is the candidate that is chosen without timing, where that is a different one.
	Default string `json:"default,omitempty"`
	// Refused holds the candidates that cuDNN refused to list or to run, each with the call that failed, its status and
	// cuDNN's explanation. They are not tried again.
	Refused map[string]string `json:"refused,omitempty"`
}

const tuningFormat = 1

// NewTuning returns a Tuning without choices.
func NewTuning(s TuningScope) *Tuning {
	return &Tuning{Format: tuningFormat, TuningScope: s, Choices: map[string]Choice{}}
}

// FileName is the name of the cache file of this scope: "nvidia-h200-1a2b3c4d.json".
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

// ReadTuning reads a file that Save wrote. The error wraps fs.ErrNotExist where there is none.
func ReadTuning(path string) (*Tuning, error) {
	f, size, err := regular.Open("nn: tuning", path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > maxTuning {
		return nil, fmt.Errorf("nn: tuning: %s: %d bytes, want at most %d (damaged?)", path, size, maxTuning)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxTuning))
	if err != nil {
		return nil, fmt.Errorf("nn: tuning: %w", err)
	}
	t, err := parseTuning(text)
	if err != nil {
		return nil, fmt.Errorf("nn: tuning: %s: %w", path, err)
	}
	return t, nil
}

// maxTuning bounds the memory that a damaged file takes. A choice takes some hundred bytes of the file, and a network
// some hundred choices.
const maxTuning = 4 << 20

func parseTuning(text []byte) (*Tuning, error) {
	t := &Tuning{}
	if err := json.Unmarshal(text, t); err != nil {
		return nil, fmt.Errorf("%w (damaged?)", err)
	}
	if t.Format != tuningFormat {
		return nil, fmt.Errorf("format %d, want %d (written by another version of this program)", t.Format,
			tuningFormat)
	}
	for key, c := range t.Choices {
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("%.100s: %w (damaged?)", key, err)
		}
	}
	if t.Choices == nil {
		t.Choices = map[string]Choice{}
	}
	return t, nil
}

// maxRefusal bounds the bytes of why a candidate was refused.
const maxRefusal = 1000

// Refusal is a text for Choice.Refused, which is cut where it is too long.
func Refusal(why string) string {
	if len(why) <= maxRefusal {
		return why
	}
	const more = "..."
	return strings.ToValidUTF8(why[:maxRefusal-len(more)], "") + more
}

// check returns an error for a choice that this program does not write.
func (c Choice) check() error {
	least := c.Microseconds
	for _, us := range c.Candidates {
		least = min(least, us)
	}
	if c.Choice == "" || least < 0 {
		return fmt.Errorf("choice %.100q of %g us", c.Choice, least)
	}
	for name, why := range c.Refused {
		if name == "" || name == c.Choice || why == "" || len(why) > maxRefusal {
			return fmt.Errorf("choice %.100q, refused %.100q: %d bytes why, want 1 to %d about another candidate",
				c.Choice, name, len(why), maxRefusal)
		}
	}
	return nil
}

// Fits returns an error where the choices are of another scope.
func (t *Tuning) Fits(scope TuningScope) error {
	if t.TuningScope != scope {
		return fmt.Errorf("nn: tuning: of %v, this is %v", t.TuningScope, scope)
	}
	return nil
}

// Merge copies the choices of other, which replace those of the same key.
func (t *Tuning) Merge(other *Tuning) { maps.Copy(t.Choices, other.Choices) }

// Save merges the choices into the file at path, which another process may have written meanwhile, and replaces it
// atomically. A file that cannot be read, or is of another scope, is overwritten. If two processes save at the same
// time one of them loses its new choices and will measure again. The file is not synced to disk; if a crash damages it,
// ReadTuning reports that.
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
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// TuneMode says how a GPU backend chooses among the candidates for a computation, which are algorithms of cuDNN and
// kernels of this module.
type TuneMode uint8

const (
	TuneOff    TuneMode = iota // by cuDNN's heuristics
	TuneCached                 // by earlier measurements, where there are any, else by heuristics
	TuneOn                     // by measurement, earlier or now
)

var tuneModes = [...]string{"off", "cached", "on"}

func (m TuneMode) String() string { return tuneModes[m] }

// ParseTuneMode returns the mode of that name.
func ParseTuneMode(name string) (TuneMode, error) {
	return enum.Parse[TuneMode]("nn: tune", name, tuneModes[:])
}

// TuneConfig says how choices are made.
type TuneConfig struct {
	Mode TuneMode
	// Dir holds the cache files, one for each TuningScope; empty: measurements are not kept.
	Dir string
	// Given choices have priority in every mode: those that a resumed run began with.
	Given *Tuning
	// Log, if not nil, gets problems of the cache file and of the given choices, one line each without a newline.
	Log func(format string, args ...any)
}

// TuneReport says how the choices of a backend were made.
type TuneReport struct {
	Mode    TuneMode
	File    string // the cache file; empty: none
	Cached  int    // choices in the file when it was read
	Choices int    // choices made
	Timed   int    // of these, by measurement, now or earlier
	Now     int    // of these, measured by this process
}

func (r TuneReport) String() string {
	s := fmt.Sprintf("%v: %d of %d choices measured", r.Mode, r.Timed, r.Choices)
	if r.Now > 0 {
		s += fmt.Sprintf(", %d now", r.Now)
	}
	return s
}
