package report

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resnet/data/memory/memorytest"
	"resnet/nn/train"
)

const header = "epoch,step,lr,train_loss,train_acc,val_loss,val_acc,seconds,images_per_second\n"

// results are what the readers of a run directory begin to be fuzzed with.
func results() []string {
	return []string{
		"", "epoch\n1\n", header, header + "1,10,0.1,0.5,0.5,,,1.00,9.0\n2,20,0.1,0.4,0.6,0.5,0.5,1.00,9.0\n",
		"note," + header + "\"x,\"\"y\",1,10,0.1,0.5,0.5,NaN,0.1,1.00,9.0\n",
		header + "1,1,1e308,-1e308,1e308,1e308,-1e308,1e12,1e12\n1048576,1,-1e308,1e308,1e308,-1e308,1e308,1e12,1e12\n",
		header + "1,1,5e-324,5e-324,0,Inf,-Inf,0,0\n2,1,0,1,1,NaN,NaN,0,0\n",
		strings.Repeat(",", 1000) + "\n" + strings.Repeat(",", 1000), "\"\n\"\n", "\xff\xfe\x00",
	}
}

// viewOf draws the epochs of results.csv, as report does but for the template, which takes most of the time.
func viewOf(csv string) (*view, error) {
	rows, err := readRows(strings.NewReader(csv))
	if err != nil {
		return nil, err
	}
	return newView([]Run{{Name: "fuzzed", Config: train.Defaults(), Rows: rows}}, Options{})
}

// FuzzResults: a results.csv makes a page or an error of one line.
func FuzzResults(f *testing.F) {
	for _, s := range results() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, csv string) {
		if _, err := viewOf(csv); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("more than one line: %q", err)
		}
	})
}

// FuzzEnvironment: an environment.json is a list of names and texts, or an error of one line.
func FuzzEnvironment(f *testing.F) {
	for _, s := range environments() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, json string) {
		all, err := pairs([]byte(json))
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("more than one line: %q", err)
		}
		if n := len(compare([][]Pair{all, nil}).Lines); n > len(all) {
			t.Errorf("%d lines of %d pairs", n, len(all))
		}
	})
}

func environments() []string {
	return []string{`{"state": "finished", "seed": 1, "startup_seconds": {"data": 0.5}, "resumed": ["a"]}`, `{}`, `[1]`,
		`{"a": 1`, "", `{"a\u001b[2J": "\n"}`, `{"a": 1, "a": 2}`, strings.Repeat(`{"a":`, 100)}
}

// What a file costs in memory is bounded by what is in it.
func TestMemory(t *testing.T) {
	for _, s := range results() {
		memorytest.Limit(t, 16<<20, func() {
			if v, err := viewOf(s); err == nil {
				must(t, page.Execute(io.Discard, v))
			}
		})
	}
	for _, s := range environments() {
		memorytest.Limit(t, 1<<20, func() { _, _ = pairs([]byte(s)) })
	}
	const most = 4 << 20 // of one line at a time
	for _, s := range []string{strings.Repeat(",", 64<<20), strings.Repeat("\n", 4<<20),
		header + strings.Repeat("\"", 64<<20)} {
		memorytest.Limit(t, most, func() { _, _ = readRows(strings.NewReader(s)) })
	}
	dir := t.TempDir()
	for _, name := range []string{"config.json", "results.csv"} { // a file of holes, of 1 TB
		f, err := os.Create(filepath.Join(dir, name))
		must(t, err)
		must(t, f.Truncate(1<<40))
		must(t, f.Close())
		memorytest.Limit(t, most, func() { _, _ = Load(dir) })
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("{}"), 0o644))
	}
}
