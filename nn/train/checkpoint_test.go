package train

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resnet/data/atomicfile"
	"resnet/data/memory/memorytest"
	"resnet/nn/device"
	"resnet/nn/infer"
	"resnet/nn/safetensors"
	"resnet/nn/train/checkpoint"
)

func configJSON(t testing.TB, c Config) json.RawMessage {
	t.Helper()
	js, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func TestCheckpointKeepsEveryBit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c")
	config := Defaults()
	s := &checkpoint.State{
		Version: checkpoint.Version, Config: configJSON(t, config), Checksum: "c", Epoch: 1, Step: 2,
		GlobalStep: 1 << 40,
		Metrics:    [2]float64{math.Nextafter(0.1, 1), 0x1p-1074}, Seconds: 1e300,
		Best: &Best{Epoch: 1, Val: &infer.Score{}},
		Rows: []Row{{Epoch: 1, LR: 1.0 / 3, Val: &infer.Score{Loss: math.Pi, Accuracy: math.Nextafter(1, 0)}}},
	}
	tensors := []safetensors.Tensor{{Name: "w", DType: safetensors.F32, Shape: []int{2},
		Data: []byte{1, 2, 3, 4, 5, 6, 7, 8}}}
	if err := checkpoint.Write(atomicfile.OS, path, s, tensors); err != nil {
		t.Fatal(err)
	}
	got, cfg, f, err := readCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got.Metrics != s.Metrics || got.Seconds != s.Seconds || got.GlobalStep != s.GlobalStep || *cfg != config ||
		got.Rows[0].LR != s.Rows[0].LR || *got.Rows[0].Val != *s.Rows[0].Val {
		t.Errorf("read %+v, want %+v", got, s)
	}
	if b, err := f.Read("w"); err != nil || !bytes.Equal(b, tensors[0].Data) {
		t.Errorf("tensor %v, %v", b, err)
	}
}

// TestCheckpointWithoutDevice: checkpoints of the first versions name no device and no fusion; they are of the CPU,
// without fusion.
func TestCheckpointWithoutDevice(t *testing.T) {
	js, err := json.Marshal(&checkpoint.State{Version: checkpoint.Version, Config: configJSON(t, Defaults()),
		Rows: []Row{}})
	if err != nil {
		t.Fatal(err)
	}
	old := strings.NewReplacer(`"device":"auto","precision":"fp32","deterministic":false,"fuse":"auto",`,
		``).Replace(string(js))
	if len(old) == len(js) {
		t.Fatalf("no device to remove in %s", js)
	}
	path := filepath.Join(t.TempDir(), "c")
	meta := map[string]string{"state": old, "sha256": safetensors.Digest(nil, old)}
	if err := atomicfile.WriteDurable(path, func(w io.Writer) error {
		return safetensors.Write(w, nil, meta)
	}); err != nil {
		t.Fatal(err)
	}
	_, cfg, f, err := readCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if want := (device.Config{Device: device.CPU, Precision: "fp32", Fuse: "off"}); cfg.DeviceConfig != want {
		t.Errorf("device %+v, want %+v", cfg.DeviceConfig, want)
	}
}

// TestDamagedCheckpointIsRefused: a single changed bit anywhere, or a truncated file, must be noticed.
func TestDamagedCheckpointIsRefused(t *testing.T) {
	c, o := small(t)
	c.Epochs = 1
	mustRun(t, c, o)
	path := checkpoint.Dir(c.Output).Checkpoint()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, at int, b []byte) {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		_, _, f, err := readCheckpoint(path)
		if err == nil {
			f.Close()
			t.Fatalf("%s at byte %d of %d is not noticed", what, at, len(b))
		}
		if !strings.HasPrefix(err.Error(), "train: resume: ") || strings.Contains(err.Error(), "\n") {
			t.Fatalf("%s at byte %d: %v", what, at, err)
		}
	}
	for at := 0; at < len(whole); at += 1 + len(whole)/199 {
		b := bytes.Clone(whole)
		b[at] ^= 0x04
		try("a flipped bit", at, b)
		try("the end", at, whole[:at])
	}
	if err := os.WriteFile(path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := readCheckpoint(checkpoint.Dir(c.Output).Best()); err == nil ||
		!strings.Contains(err.Error(), "a weights file, not a checkpoint?") {
		t.Errorf("a weights file: %v", err)
	}
}

// shortState is the state of a checkpoint with the settings that are needed, because the fuzzer takes long over long
// inputs.
func shortState(config string) string {
	return `{"version":1,"config":` + config + `,"rows":[],"metrics":[0,0]}`
}

// shortConfigs are the seeds of the fuzz targets.
var shortConfigs = []string{
	`{"opt":"sgd","lr":1,"epochs":1,"batch_size":1,"val":"none","sched":"constant"}`,
	`{"opt":"adam","lr":1,"epochs":1,"batch_size":1,"val":"9","sched":"cosine","hidden":3,"model":"fashion-resnet"}`,
	`{"recipe":1}`, `[]`, `{"epochs":1e9}`,
}

// checkState parses the state of a checkpoint with a correct checksum. One that is accepted must be possible.
func checkState(t testing.TB, js string) {
	var b bytes.Buffer
	meta := map[string]string{"state": js, "sha256": safetensors.Digest(nil, js)}
	if err := safetensors.Write(&b, nil, meta); err != nil {
		t.Fatal(err)
	}
	in, err := safetensors.New(bytes.NewReader(b.Bytes()), int64(b.Len()), "c")
	if err != nil {
		t.Fatal(err)
	}
	s, err := checkpoint.Parse(in)
	if err != nil {
		return
	}
	c, err := configOf(s)
	if err != nil {
		return
	}
	if c.Validate() != nil || s.Epoch > c.Epochs || len(s.Rows) != s.Epoch || s.Epoch > 0 && s.Best == nil {
		t.Errorf("accepted %+v", s)
	}
}

// FuzzCheckpoint reads arbitrary states. Files as such are fuzzed in package safetensors.
func FuzzCheckpoint(f *testing.F) {
	for _, config := range shortConfigs {
		f.Add(shortState(config))
	}
	f.Fuzz(func(t *testing.T, js string) { checkState(t, js) })
}

// FuzzConfig reads arbitrary config.json files: those that are accepted are read as the same settings once written.
func FuzzConfig(f *testing.F) {
	for _, config := range shortConfigs {
		f.Add(config)
	}
	f.Fuzz(func(t *testing.T, js string) {
		c, err := parseConfig([]byte(js))
		if err != nil || c.Validate() != nil {
			return
		}
		again, err := parseConfig(configJSON(t, c))
		if err != nil || again != c {
			t.Errorf("accepted %+v, which reads as %+v, %v", c, again, err)
		}
	})
}

// TestSeedsInLittleMemory: whatever numbers they hold, states are read in a few times their own size.
func TestSeedsInLittleMemory(t *testing.T) {
	for _, config := range shortConfigs {
		memorytest.Limit(t, 1<<20, func() {
			checkState(t, shortState(config))
			if c, err := parseConfig([]byte(config)); err == nil {
				c.Validate()
			}
		})
	}
}
