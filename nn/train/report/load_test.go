package report

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"resnet/data"
	"resnet/nn/device"
	"resnet/nn/train"
)

// TestLoad trains a tiny network and reads what the trainer wrote: equal rows, except for times, which results.csv
// rounds.
func TestLoad(t *testing.T) {
	set := &data.Set{N: 24, H: 8, W: 8, C: 1, Pixels: make([]byte, 24*64), Labels: make([]int32, 24)}
	for i := range set.Labels {
		set.Labels[i] = int32(i % 3)
		set.Pixels[64*i] = byte(80 * (i % 3))
	}
	cfg := train.Defaults()
	cfg.Device, cfg.Threads = device.CPU, 1
	cfg.Options, cfg.Epochs, cfg.BatchSize = "base_channels=2 hidden=0", 2, 8
	for _, val := range []string{train.ValTest, train.ValNone} {
		cfg.Val, cfg.Output = val, filepath.Join(t.TempDir(), "run-"+val)
		result, err := train.Run(context.Background(), cfg, train.Options{
			Source: &data.Source{Name: "dots", ClassNames: []string{"a", "b", "c"}, Train: set, Test: set,
				Checksum: "c"},
		})
		must(t, err)
		environment := `{"host": "trainer", "cores": 2, "gpu": null, "libraries": {"cudnn": "9"}}`
		must(t, os.WriteFile(filepath.Join(cfg.Output, "environment.json"), []byte(environment), 0o644))
		r, err := Load(cfg.Output)
		must(t, err)
		if r.Name != "run-"+val || !reflect.DeepEqual(r.Config, result.Config) {
			t.Errorf("run %s of %+v, want run-%s of %+v", r.Name, r.Config, val, result.Config)
		}
		wantEnvironment := []Pair{{"host", "trainer"}, {"cores", "2"}, {"gpu", ""}, {"libraries", `{"cudnn": "9"}`}}
		if !reflect.DeepEqual(r.Environment, wantEnvironment) {
			t.Errorf("environment %q, want %q", r.Environment, wantEnvironment)
		}
		if len(r.Rows) != 2 {
			t.Fatalf("%d rows, want 2", len(r.Rows))
		}
		for i := range r.Rows {
			got, want := r.Rows[i], result.Rows[i]
			if math.Abs(got.Seconds-want.Seconds) > 0.0051 ||
				math.Abs(got.ImagesPerSecond-want.ImagesPerSecond) > 0.051 {
				t.Errorf("epoch %d: %g s and %g images per second, want %g and %g", i+1, got.Seconds,
					got.ImagesPerSecond, want.Seconds, want.ImagesPerSecond)
			}
			got.Seconds, got.ImagesPerSecond = want.Seconds, want.ImagesPerSecond
			if !reflect.DeepEqual(got, want) {
				t.Errorf("row %+v, want %+v", got, want)
			}
		}
		if page := written(t, []Run{r}, Options{}); !strings.Contains(page, "2 of 2 epochs") {
			t.Error("the page of a run that was loaded does not say that it is complete")
		}
	}
}

func TestLoadErrors(t *testing.T) {
	files := func(change ...string) map[string]string {
		f := map[string]string{"config.json": "{}", "results.csv": header + "1,10,0.1,0.5,0.5,,,1.00,9.0\n"}
		for i := 0; i < len(change); i += 2 {
			f[change[i]] = change[i+1]
		}
		return f
	}
	for _, c := range []struct {
		files map[string]string
		want  string // empty: no error
	}{
		{files(), ""},
		{files("results.csv", header), ""},
		{files("results.csv", "note,"+header+"x,1,10,0.1,0.5,0.5,NaN,0.1,1.00,9.0\n"), ""},
		{nil, "no config.json (not a run directory?)"},
		{map[string]string{"config.json": "{}"}, "results.csv: no such file"},
		{files("config.json", "{"), "config.json: "},
		{files("results.csv", ""), "results.csv: empty"},
		{files("results.csv", "epoch\n1\n"), "results.csv: line 2: no column "},
		{files("results.csv", header+"1,10,fast,0.5,0.5,,,1.00,9.0\n"), `line 2: lr "fast", want a number`},
		{files("results.csv", header+"1,10,0.1,0.5,0.5,0.1,,1.00,9.0\n"), `line 2: val_acc "", want a number`},
		{files("results.csv", header+"1,10\n"), "wrong number of fields"},
		{files("results.csv", header+"NaN,10,0.1,0.5,0.5,,,1.00,9.0\n"), `line 2: epoch "NaN", want a whole number`},
		{files("results.csv", header+"1e300,10,0.1,0.5,0.5,,,1.00,9.0\n"),
			`line 2: epoch "1e300", want a whole number`},
		{files("results.csv", header+"1,0.5,0.1,0.5,0.5,,,1.00,9.0\n"), `line 2: step "0.5", want a whole number`},
		{files("results.csv", header+"1,10,0.1,0.5,0.5,,,NaN,9.0\n"), `line 2: seconds "NaN", want a number from 0`},
		{files("results.csv", header+"1,10,0.1,0.5,0.5,,,1.00,-1\n"), `images_per_second "-1", want a number from 0`},
		{files("results.csv", header+"\"1,10\n"), `line 2: extraneous or missing`},
		{files("results.csv", header+"a\x1b[2Jb,10,0.1,0.5,0.5,,,1.00,9\n"), `line 2: epoch "a\x1b[2Jb", want a`},
		{files("results.csv", strings.Repeat("\x00", 1<<17)), `results.csv: a line of more than 65536 bytes`},
		{files("results.csv", header+strings.Repeat("1,1,0,0,0,,,1,1\n", 1<<17+1)), `more than 131072 epochs`},
		{files("config.json", strings.Repeat(" ", 1<<20)+"{}"), `config.json: 1048578 bytes, want at most 1048576`},
		{files("environment.json", strings.Repeat(" ", 1<<20)+"{}"), `environment.json: 1048578 bytes, want at most`},
		{files("environment.json", "[1]"), "environment.json: [, want a JSON object"},
		{files("environment.json", `{"a": 1`), "environment.json: "},
	} {
		dir := t.TempDir()
		for name, content := range c.files {
			must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
		}
		r, err := Load(dir)
		if c.want == "" {
			if err != nil || r.Name != filepath.Base(dir) {
				t.Errorf("%q: run %q and error %v", c.files, r.Name, err)
			}
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), "report: ") || !strings.Contains(err.Error(), c.want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want one line with %q", c.files, err, c.want)
		}
	}
}

// What is not a file is an error, not a wait.
func TestLoadDirectories(t *testing.T) {
	for _, name := range []string{"config.json", "results.csv", "environment.json"} {
		dir := t.TempDir()
		for n, content := range map[string]string{"config.json": "{}", "results.csv": "epoch\n"} {
			must(t, os.WriteFile(filepath.Join(dir, n), []byte(content), 0o644))
		}
		must(t, os.RemoveAll(filepath.Join(dir, name)))
		must(t, os.Mkdir(filepath.Join(dir, name), 0o755))
		if _, err := Load(dir); err == nil || !strings.HasSuffix(err.Error(), name+": not a regular file") {
			t.Errorf("a directory as %s: error %v", name, err)
		}
	}
}

// TestCompare: lines are in the order in which names first occur; a line differs if a value does or if a run lacks it.
func TestCompare(t *testing.T) {
	got := compare([][]Pair{{{"lr", "1"}, {"opt", "sgd"}}, {{"opt", "sgd"}, {"lr", "2"}, {"new", "x"}}})
	want := table{Differs: true, Lines: []line{
		{"lr", []string{"1", "2"}, true}, {"opt", []string{"sgd", "sgd"}, false}, {"new", []string{"", "x"}, true},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if one := compare([][]Pair{{{"lr", "1"}}}); one.Differs {
		t.Error("a single run differs from itself")
	}
}
