package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// diagnosed is what doctor --format json prints.
type diagnosed struct {
	OK       bool
	Findings []struct {
		Name, State, Text, Hint string
		Details                 json.RawMessage
	}
}

// doctor runs resnet doctor and returns what it found, by name.
func doctor(t *testing.T, wantCode int, args ...string) (r diagnosed, states map[string]string) {
	t.Helper()
	out, stderr, code := resnet(t, append([]string{"doctor", "--format", "json"}, args...)...)
	if code != wantCode {
		t.Fatalf("doctor %s: exit status %d, want %d: %s%s", strings.Join(args, " "), code, wantCode, stderr, out)
	}
	decode(t, out, &r)
	states = map[string]string{}
	for _, f := range r.Findings {
		states[f.Name] = f.State
	}
	if r.OK != (code == 0) {
		t.Errorf("ok is %v at exit status %d", r.OK, code)
	}
	return r, states
}

// text is what was found about one thing.
func (r diagnosed) text(name string) string {
	for _, f := range r.Findings {
		if f.Name == name {
			return f.Text + " " + f.Hint
		}
	}
	return ""
}

func TestDoctorOnTheCPU(t *testing.T) {
	slowUnderRace(t)
	t.Setenv("RESNET_DATA", "")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	r, states := doctor(t, 0, "--device", "cpu")
	for name, want := range map[string]string{"build": "ok", "cpu": "ok", "step on cpu": "ok"} {
		if states[name] != want {
			t.Errorf("%s is %q, want %q", name, states[name], want)
		}
	}
	if states["data"] != "ok" && !strings.Contains(r.text("data"), "resnet data fetch") {
		t.Errorf("data: %s, want it found or what to do", r.text("data"))
	}
	table := succeed(t, "doctor", "--device", "cpu")
	for _, want := range []string{"\nbuild        ok       ", "\ncpu          ok       ",
		"\nstep on cpu  ok       fp32, distance from plain Go"} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in:\n%s", want, table)
		}
	}
	// A data set that is there and damaged is a failure.
	dir := t.TempDir()
	write(t, dir+"/train-images-idx3-ubyte", []byte("damaged"))
	t.Setenv("RESNET_DATA", dir)
	if _, states := doctor(t, 1, "--device", "cpu"); states["data"] != "failed" {
		t.Errorf("damaged data are %q, want failed", states["data"])
	}
	t.Setenv("RESNET_ISA", "mmx")
	if _, stderr, code := resnet(t, "doctor"); code != 2 || !strings.Contains(stderr, "mmx") {
		t.Errorf("$RESNET_ISA=mmx: exit status %d, stderr %q, want 2 and the name", code, stderr)
	}
}
