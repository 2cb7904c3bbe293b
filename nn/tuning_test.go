package nn_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"resnet/nn"
)

var aGPU = nn.TuningScope{Device: "NVIDIA H200 (MIG 1g.18gb)", ComputeCapability: "9.0", Driver: "13.0",
	CUDNN: "9.21.0", CUBLAS: "13.0.2", Kernels: "0123abcd"}

func tuningOf(choices map[string]nn.Choice) *nn.Tuning {
	return &nn.Tuning{Format: 1, TuningScope: aGPU, Choices: choices}
}

func TestTuningFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "not", "there", "yet", aGPU.FileName())
	if _, err := nn.ReadTuning(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want that there is no file", err)
	}
	one := tuningOf(map[string]nn.Choice{
		"conv a": {Choice: "algorithm 1, FMA", Microseconds: 3.25,
			Candidates: map[string]float64{"algorithm 0, FMA": 0}},
		"conv b": {Choice: "algorithm 2, FMA"},
		"conv c": {
			Choice:  "direct kernels",
			Refused: map[string]string{"algorithm 0, FMA": "cudnnX: NOT_SUPPORTED (3000)"},
		},
	})
	two := tuningOf(map[string]nn.Choice{"conv b": {Choice: "algorithm 3, FMA", Microseconds: 1}})
	for _, s := range []*nn.Tuning{one, two} {
		if err := s.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	one.Merge(two)
	got, err := nn.ReadTuning(path)
	if err != nil || !reflect.DeepEqual(got, one) {
		t.Errorf("%+v (%v), want %+v", got, err, one)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("%d files (%v), want the one", len(left), err)
	}
}

// TestTuningFileName: each device and each version has a file of its own, whose name is valid on every system.
func TestTuningFileName(t *testing.T) {
	seen := map[string]bool{}
	for range 2 {
		seen[aGPU.FileName()] = true
	}
	for i := range reflect.TypeFor[nn.TuningScope]().NumField() {
		other := aGPU
		reflect.ValueOf(&other).Elem().Field(i).SetString("9.9")
		seen[other.FileName()] = true
	}
	if len(seen) != 7 {
		t.Errorf("%d names, want 7: %v", len(seen), seen)
	}
	for name := range seen {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" || !strings.HasSuffix(name, ".json") {
			t.Errorf("file name %q", name)
		}
	}
}

// TestTuningFileDamaged: a file that is damaged or of another scope gives an error of one line; saving replaces it.
func TestTuningFileDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tuning.json")
	whole := func(change func(*nn.Tuning)) string {
		x := tuningOf(map[string]nn.Choice{"conv": {Choice: "algorithm 0, FMA"}})
		change(x)
		other := filepath.Join(t.TempDir(), "x")
		if err := x.Save(other); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(other)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	good := whole(func(*nn.Tuning) {})
	for want, text := range map[string]string{
		"unexpected end of JSON input (damaged?)": good[:len(good)/2],
		"invalid character":                       "\x00" + good,
		"cannot unmarshal string":                 strings.Replace(good, `"format": 1`, `"format": "1"`, 1),
		"format 2, want 1":                        strings.Replace(good, `"format": 1`, `"format": 2`, 1),
		`conv: choice "" of 0 us`:                 whole(func(x *nn.Tuning) { x.Choices["conv"] = nn.Choice{} }),
		"of -1 us": whole(func(x *nn.Tuning) {
			x.Choices["conv"] = nn.Choice{Choice: "a", Microseconds: -1}
		}),
		`conv: choice "a", refused "b": 0 bytes why, want 1 to 1000`: whole(func(x *nn.Tuning) {
			x.Choices["conv"] = nn.Choice{Choice: "a", Refused: map[string]string{"b": ""}}
		}),
		`conv: choice "a", refused "b": 1001 bytes why`: whole(func(x *nn.Tuning) {
			x.Choices["conv"] = nn.Choice{Choice: "a", Refused: map[string]string{"b": strings.Repeat("x", 1001)}}
		}),
		`conv: choice "a", refused "a": 1 bytes why`: whole(func(x *nn.Tuning) {
			x.Choices["conv"] = nn.Choice{Choice: "a", Refused: map[string]string{"a": "x"}}
		}),
		"of A GPU 9.0": whole(func(x *nn.Tuning) { x.Device = "A GPU" }),
		"cuDNN 9.1.0":  whole(func(x *nn.Tuning) { x.CUDNN = "9.1.0" }),
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		old, err := nn.ReadTuning(path)
		if err == nil {
			err = old.Fits(aGPU)
		}
		if err == nil || !strings.HasPrefix(err.Error(), "nn: tuning: ") || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want one line with %q", err, want)
		}
		fresh := tuningOf(map[string]nn.Choice{"new": {Choice: "algorithm 5, FMA"}})
		if err := fresh.Save(path); err != nil {
			t.Fatal(err)
		}
		if got, err := nn.ReadTuning(path); err != nil || !reflect.DeepEqual(got, fresh) {
			t.Errorf("saved over a bad file: %+v (%v), want %+v", got, err, fresh)
		}
	}
}

// TestTuningFileConcurrently: many goroutines may write and read at once. The file is never partly written.
func TestTuningFileConcurrently(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tuning.json")
	if err := tuningOf(map[string]nn.Choice{"old": {Choice: "x"}}).Save(path); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 10 {
				if err := tuningOf(map[string]nn.Choice{fmt.Sprint(i, " ", j): {Choice: "x"}}).Save(path); err != nil {
					t.Error(err)
				}
				if got, err := nn.ReadTuning(path); err != nil || got.Choices["old"].Choice != "x" {
					t.Errorf("%+v, %v, want a file with the first choice", got, err)
				}
			}
		})
	}
	all.Wait()
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("%d files (%v), want one", len(left), err)
	}
}

// TestRefusal: what is kept of a long text fits what is read, and is valid UTF-8.
func TestRefusal(t *testing.T) {
	for text, want := range map[string]int{"short": 5, strings.Repeat("x", 1000): 1000, strings.Repeat("é", 501): 999} {
		got := nn.Refusal(text)
		if len(got) != want || !utf8.ValidString(got) {
			t.Errorf("%d bytes become %d: %.20q, want %d", len(text), len(got), got, want)
		}
	}
}

func TestParseTuneMode(t *testing.T) {
	for _, m := range []nn.TuneMode{nn.TuneOff, nn.TuneCached, nn.TuneOn} {
		if got, err := nn.ParseTuneMode(m.String()); err != nil || got != m {
			t.Errorf("%v: %v, %v", m, got, err)
		}
	}
	if _, err := nn.ParseTuneMode("yes"); err == nil ||
		!strings.Contains(err.Error(), `tune "yes", want off, cached or on`) {
		t.Errorf("error %v, want one that names the modes", err)
	}
}
