package train

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resnet/nn/train/checkpoint"
)

func environmentOf(t *testing.T, dir string) (e environment) {
	t.Helper()
	b, err := os.ReadFile(checkpoint.Dir(dir).Environment())
	if err == nil {
		err = json.Unmarshal(b, &e)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestEnvironment: environment.json has the start and the end of a run that is interrupted, resumed and fails.
func TestEnvironment(t *testing.T) {
	c, o := small(t)
	o.Origin = Origin{Command: "resnet train <here>", Version: "v1", CPU: "A CPU"}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var during environment
	o.Hooks.Step = func(s *StepInfo) error {
		if s.GlobalStep == 12 {
			during = environmentOf(t, c.Output)
			cancel()
		}
		return nil
	}
	if _, err := Run(ctx, c, o); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	e := environmentOf(t, c.Output)
	if during.State != "running" || during.Ended != "" || e.State != "interrupted" || e.Ended == "" {
		t.Errorf("state %q until %q, then %q until %q, want running until nothing, then interrupted", during.State,
			during.Ended, e.State, e.Ended)
	}
	if e.Command != o.Origin.Command || e.Version != "v1" || e.CPU != "A CPU" || e.Device != "fake" ||
		e.Checksum != o.Source.Checksum || e.Seed != c.Seed || e.Go == "" || e.Dir == "" {
		t.Errorf("environment %+v, want what the run was told and %q", e, o.Source.Checksum)
	}
	if s := e.Startup; s == nil || s.Compile <= 0 || s.Steps < max(s.Device, s.Data)+s.Compile ||
		during.Startup != nil {
		t.Errorf("startup %+v, and %+v before its end, want its parts within the whole, and nothing", e.Startup,
			during.Startup)
	}
	if _, err := time.Parse(time.RFC3339, e.Started); err != nil {
		t.Errorf("started: %v", err)
	}

	stop := errors.New("stop")
	o.Hooks.Step = func(*StepInfo) error { return stop }
	o.Origin.Command = "resnet train --resume there"
	if _, err := Resume(context.Background(), c.Output, o); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	failed := environmentOf(t, c.Output)
	if failed.State != "failed" || failed.Error != "stop" || failed.Command != e.Command ||
		failed.Started != e.Started || len(failed.Resumed) != 1 ||
		!strings.Contains(failed.Resumed[0], "after 1 epochs and 2 steps on fake: resnet train --resume there") {
		t.Errorf("environment %+v, want the first's beginning, resumed once and failed", failed)
	}

	o.Hooks.Step = nil
	if _, err := Resume(context.Background(), c.Output, o); err != nil {
		t.Fatal(err)
	}
	if e := environmentOf(t, c.Output); e.State != "finished" || e.Error != "" || len(e.Resumed) != 2 {
		t.Errorf("environment %+v, want it finished without an error, resumed twice", e)
	}

	// Runs of the first versions have no such file and resume all the same.
	if err := os.Remove(checkpoint.Dir(c.Output).Environment()); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(context.Background(), c.Output, o); err != nil {
		t.Fatal(err)
	}
	if e := environmentOf(t, c.Output); e.State != "finished" || e.Command != o.Origin.Command || len(e.Resumed) != 1 {
		t.Errorf("environment %+v, want one that starts with the process that resumed", e)
	}
}

// TestForce: Force removes the files of the old run and no others.
func TestForce(t *testing.T) {
	c, o := small(t)
	mustRun(t, c, o)
	file := func(name string) string {
		path := filepath.Join(c.Output, filepath.FromSlash(name))
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	mine := []string{file("notes.txt"), file("mine.png"), file("weights/best.onnx")}
	old := []string{file("events.out.tfevents.1.host.1.0"), file("curves.png")}
	o.Force, c.Seed, c.Epochs = true, 2, 1
	r := mustRun(t, c, o)
	if len(r.Rows) != 1 || environmentOf(t, c.Output).Seed != 2 {
		t.Errorf("%d epochs, environment %+v, want one epoch with seed 2", len(r.Rows), environmentOf(t, c.Output))
	}
	for _, f := range mine {
		if !exists(f) {
			t.Errorf("%s is gone", f)
		}
	}
	for _, f := range old {
		if exists(f) {
			t.Errorf("%s of the run before is still there", f)
		}
	}
	// A run that cannot start leaves the old one unchanged.
	c.Weights = "/nowhere"
	if _, err := Run(context.Background(), c, o); err == nil || !exists(r.BestWeights) {
		t.Errorf("error %v, want one, and the run as it was", err)
	}
}
