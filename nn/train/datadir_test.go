package train

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"resnet/nn/train/checkpoint"
)

// The first of the places that is there counts: for a relative path the run's working directory, then the present one,
// then those above the run.
func TestDataDir(t *testing.T) {
	root := t.TempDir()
	mkdir := func(path ...string) string {
		dir := filepath.Join(append([]string{root}, path...)...)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	began, here := mkdir("began"), mkdir("here")
	run := mkdir("project", "runs", "mine")
	t.Chdir(here)
	js, err := json.Marshal(environment{Dir: began})
	if err == nil {
		err = os.WriteFile(checkpoint.Dir(run).Environment(), js, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	check := func(what, recorded, want string) {
		t.Helper()
		if got := DataDir(run, recorded); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	relative := filepath.Join("d", "ok")
	check("nowhere", relative, relative)
	check("searched for", "", "")
	above := mkdir("project", "d", "ok")
	check("above the run", relative, above)
	check("moved together with the run", filepath.Join(began, relative), above)
	check("outside the project", filepath.Join(root, "elsewhere"), filepath.Join(root, "elsewhere"))
	mkdir("here", "d", "ok")
	check("in the working directory", relative, relative)
	first := mkdir("began", "d", "ok")
	check("where the run began", relative, first)
	check("absolute", first, first)

	// Runs from before the first environment.json, and damaged ones.
	if err := os.WriteFile(checkpoint.Dir(run).Environment(), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	check("without the run's working directory", relative, relative)
}
