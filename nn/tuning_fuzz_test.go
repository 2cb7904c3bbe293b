package nn

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"resnet/data/memory/memorytest"
)

// FuzzTuning reads arbitrary files. What is accepted comes back the same after it is written.
func FuzzTuning(f *testing.F) {
	whole := NewTuning(TuningScope{Device: "GPU", Kernels: "0123abcd"})
	whole.Choices["conv"] = Choice{Choice: "algorithm 1", Microseconds: 3.25, Default: "algorithm 0",
		Candidates: map[string]float64{"algorithm 0": 4}, Refused: map[string]string{"algorithm 2": "NOT_SUPPORTED"}}
	text, err := json.Marshal(whole)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		var got *Tuning
		var err error
		memorytest.Limit(t, 128*uint64(len(text))+1<<20, func() { got, err = parseTuning(text) })
		if err != nil {
			if len(err.Error()) > 2000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parseTuning(again)
		if err != nil || len(back.Choices) != len(got.Choices) || back.TuningScope != got.TuningScope {
			t.Errorf("%s was read, but not what was written of it: %s (%v)", text, again, err)
		}
		for key, c := range got.Choices {
			if len(c.Candidates) == 0 {
				c.Candidates = nil // an empty list is not written
			}
			if len(c.Refused) == 0 {
				c.Refused = nil
			}
			if b, ok := back.Choices[key]; ok && !reflect.DeepEqual(b, c) {
				t.Errorf("%q: %+v, want %+v", key, b, c)
			}
		}
	})
}

// TestTuningFileTooLarge: a file of any size takes no memory.
func TestTuningFileTooLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tuning.json")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<40); err != nil {
		t.Skip(err) // no sparse files here
	}
	memorytest.Limit(t, 1<<20, func() {
		if _, err := ReadTuning(path); err == nil || !strings.Contains(err.Error(), "want at most") {
			t.Errorf("error %v, want that it is too large", err)
		}
	})
}
