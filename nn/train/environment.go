package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"resnet/nn/train/checkpoint"
)

// Origin is who runs: what the environment of a run is told and cannot find out.
type Origin struct {
	Command string // as one would type it; empty: not known
	Version string // of the program
	CPU     string // the processor's name
}

// environment is a run directory's environment.json: with config.json what it takes to repeat the run, and when it was.
// Times are RFC 3339.
type environment struct {
	State    string   `json:"state"` // running, also after a crash; finished, interrupted or failed
	Error    string   `json:"error,omitempty"`
	Started  string   `json:"started"`
	Ended    string   `json:"ended,omitempty"`
	Resumed  []string `json:"resumed,omitempty"` // when, where in the run, on what, by which command
	Command  string   `json:"command,omitempty"`
	Dir      string   `json:"working_directory,omitempty"`
	Version  string   `json:"version,omitempty"` // of the program
	Go       string   `json:"go"`
	OS       string   `json:"os"`
	Host     string   `json:"host,omitempty"`
	CPU      string   `json:"cpu,omitempty"`
	Device   string   `json:"device"`           // what computed, with all that its bits depend on
	Tuning   string   `json:"tuning,omitempty"` // how a GPU's algorithms were chosen; which, tuning.json says
	Dataset  string   `json:"dataset"`
	Checksum string   `json:"data_checksum"` // see data.Source
	Seed     uint64   `json:"seed"`
	// Startup is of the last process that trained.
	Startup *startup `json:"startup_seconds,omitempty"`
}

// startup is where the time before training went, in seconds. Device and data are opened at once.
type startup struct {
	Device  float64 `json:"device"`
	Data    float64 `json:"data"`
	Compile float64 `json:"compile"` // memory, algorithms, data sets to the device
	Steps   float64 `json:"steps"`   // from the beginning until the first steps were done
}

// record trains as run does and keeps environment.json, before and after.
func (t *trainer) record(ctx context.Context, dir checkpoint.Dir, resumed bool) (*Result, error) {
	env := t.environment()
	if resumed {
		env = t.continued(dir, env)
	}
	if err := writeTuning(dir, t.backend.Info()); err != nil {
		return nil, err
	}
	if err := writeEnvironment(dir, &env); err != nil {
		return nil, err
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
	if e := writeEnvironment(dir, &env); err == nil {
		err = e
	}
	return r, err
}

// environment is that of a run which begins now.
func (t *trainer) environment() environment {
	e := environment{
		State: "running", Started: now(), Command: t.origin.Command, Version: t.origin.Version,
		Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH, CPU: t.origin.CPU, Device: t.state.Backend,
		Dataset: t.src.Name, Checksum: t.src.Checksum, Seed: t.cfg.Seed,
	}
	if g := t.backend.Info().GPU; g != nil {
		e.Tuning = g.Tuning.String()
	}
	e.Host, _ = os.Hostname() // what the system does not tell is left out
	e.Dir, _ = os.Getwd()
	return e
}

// continued is the environment that the run in dir began in, and how it goes on in this one. A run that does not tell
// is taken to begin here.
func (t *trainer) continued(dir checkpoint.Dir, here environment) environment {
	b, err := os.ReadFile(dir.Environment())
	e := environment{}
	if err != nil || json.Unmarshal(b, &e) != nil {
		e = here
	}
	how := fmt.Sprintf("%s after %d epochs and %d steps on %s", here.Started, t.state.Epoch, t.state.Step, here.Device)
	if here.Command != "" {
		how += ": " + here.Command
	}
	e.State, e.Ended, e.Error, e.Resumed = here.State, "", "", append(e.Resumed, how)
	return e
}

func now() string { return time.Now().Format(time.RFC3339) }

func writeEnvironment(d checkpoint.Dir, e *environment) error {
	if err := checkpoint.WriteJSON(d.Environment(), e); err != nil {
		return fmt.Errorf("train: environment: %w", err)
	}
	return nil
}
