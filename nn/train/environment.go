package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"resnet/data/atomicfile"
	"resnet/data/scan"
	"resnet/nn/internal/regular"
	"resnet/nn/train/checkpoint"
)

// Origin is the part of a run's environment that the caller knows.
type Origin struct {
	Command string // as typed in a shell; empty: not known
	Version string // of the program
	CPU     string // the processor's name
}

// environment is environment.json of a run directory: together with config.json what is needed to repeat the run, and
// when it ran. Times are RFC 3339.
type environment struct {
	State    string   `json:"state"` // running (also after a crash), finished, interrupted or failed
	Error    string   `json:"error,omitempty"`
	Started  string   `json:"started"`
	Ended    string   `json:"ended,omitempty"`
	Resumed  []string `json:"resumed,omitempty"` // time, progress, device and command of each Resume
	Command  string   `json:"command,omitempty"`
	Dir      string   `json:"working_directory,omitempty"`
	Version  string   `json:"version,omitempty"` // of the program
	Go       string   `json:"go"`
	OS       string   `json:"os"`
	Host     string   `json:"host,omitempty"`
	CPU      string   `json:"cpu,omitempty"`
	Device   string   `json:"device"`           // the device and everything that its bits depend on
	Tuning   string   `json:"tuning,omitempty"` // how a GPU's algorithms were chosen; tuning.json lists them
	Dataset  string   `json:"dataset"`
	Checksum string   `json:"data_checksum"` // see data.Source
	Seed     uint64   `json:"seed"`
	// Startup is that of the last process that trained.
	Startup *startup `json:"startup_seconds,omitempty"`
}

// startup is the time spent before training, in seconds. Device and data are opened at the same time.
type startup struct {
	Device  float64 `json:"device"`
	Data    float64 `json:"data"`
	Compile float64 `json:"compile"` // allocation, choice of algorithms, upload of data sets
	Steps   float64 `json:"steps"`   // from the start until the first steps were done
}

// record calls run and writes environment.json before and after it.
func (t *trainer) record(ctx context.Context, dir checkpoint.Dir, resumed bool) (*Result, error) {
	env := t.environment()
	if resumed {
		env = t.continued(dir, env)
	}
	if err := writeTuning(t.fs, dir, t.backend.Info()); err != nil {
		return nil, err
	}
	if err := writeEnvironment(t.fs, dir, &env); err != nil {
		return nil, err
	}
	if len(t.src.Bad) > 0 {
		if err := scan.WriteBad(t.fs, dir.BadImages(), t.src.Bad); err != nil {
			return nil, fmt.Errorf("train: %s: %w", dir.BadImages(), err)
		}
	}
	r, err := t.run(ctx, dir, resumed)
	env.Ended, env.State = now(), "finished"
	if t.startup.Steps > 0 {
		env.Startup = &t.startup
	}
	switch {
	case errors.Is(err, ErrInterrupted):
		env.State = "interrupted"
	case err != nil:
		env.State, env.Error = "failed", err.Error()
	}
	if e := writeEnvironment(t.fs, dir, &env); err == nil {
		err = e
	}
	return r, err
}

// environment is the environment of a run that starts now.
func (t *trainer) environment() environment {
	e := environment{
		State: "running", Started: now(), Command: t.origin.Command, Version: t.origin.Version,
		Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH, CPU: t.origin.CPU, Device: t.state.Backend,
		Dataset: t.src.Name, Checksum: t.src.Checksum, Seed: t.cfg.Seed,
	}
	if g := t.backend.Info().GPU; g != nil {
		e.Tuning = g.Tuning.String()
	}
	e.Host, _ = os.Hostname() // empty where the system does not tell
	e.Dir, _ = os.Getwd()
	return e
}

// continued is the environment in which the run in dir began, with a note of how it continues here. If dir has none the
// run is taken to have begun here.
func (t *trainer) continued(dir checkpoint.Dir, here environment) environment {
	e, err := readEnvironment(dir)
	if err != nil {
		e = here
	}
	how := fmt.Sprintf("%s after %d epochs and %d steps on %s", here.Started, t.state.Epoch, t.state.Step, here.Device)
	if here.Command != "" {
		how += ": " + here.Command
	}
	e.State, e.Ended, e.Error, e.Resumed = here.State, "", "", append(e.Resumed, how)
	return e
}

// maxText is more than config.json and environment.json ever have.
const maxText = 1 << 20

func readEnvironment(d checkpoint.Dir) (e environment, err error) {
	b, err := regular.ReadAtMost(d.Environment(), maxText)
	if err != nil {
		return e, err
	}
	return e, json.Unmarshal(b, &e)
}

func now() string { return time.Now().Format(time.RFC3339) }

func writeEnvironment(fsys atomicfile.FS, d checkpoint.Dir, e *environment) error {
	if err := checkpoint.WriteJSON(fsys, d.Environment(), e); err != nil {
		return fmt.Errorf("train: environment: %w", err)
	}
	return nil
}
