package weights_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resnet/data/memory/memorytest"
	"resnet/nn"
	"resnet/nn/models"
	"resnet/nn/safetensors"
	"resnet/nn/weights"
)

// saved is a weights file of a small network.
func saved(t *testing.T) []byte {
	t.Helper()
	e, g := network(t, smallModel())
	if err := nn.Initialize(e, g, 5); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := weights.Save(&b, e, g, weights.Metadata{Model: smallModel(), Dataset: "idx",
		Classes: []string{"a", "b", "c"}, Epoch: 3, Accuracy: 0.875, Split: "test"}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func put(t *testing.T, name string, content []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// header returns the tensors and metadata of a file.
func header(t *testing.T, b []byte) ([]safetensors.Tensor, map[string]string) {
	t.Helper()
	f, err := safetensors.New(bytes.NewReader(b), int64(len(b)), "f")
	if err != nil {
		t.Fatal(err)
	}
	tensors, err := f.All()
	if err != nil {
		t.Fatal(err)
	}
	return tensors, f.Metadata
}

// TestEveryBitCounts: no bit of a file may change unnoticed, metadata included.
func TestEveryBitCounts(t *testing.T) {
	b := saved(t)
	e, g := network(t, smallModel())
	path := filepath.Join(t.TempDir(), "w")
	for at := 0; at < len(b); at++ {
		if at > 1000 && at%37 != 0 {
			continue // after the metadata; what follows is alike
		}
		b[at] ^= 1 << (at % 8)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		b[at] ^= 1 << (at % 8)
		if _, err := weights.ReadMetadata(path); err == nil && weights.Load(path, e, g) == nil {
			t.Errorf("a bit of byte %d of %d changed, %q, and nothing is noticed", at, len(b), b[max(at-9, 0):at+9])
		}
	}
}

// TestOldFilesLoad: files from before metadata had a digest are read, and a file of today is one of those with one more
// key.
func TestOldFilesLoad(t *testing.T) {
	tensors, meta := header(t, saved(t))
	delete(meta, "metadata_sha256")
	if keys := slices.Sorted(maps.Keys(meta)); !slices.Equal(keys, []string{"accuracy", "classes", "dataset", "epoch",
		"format", "format_version", "model", "sha256", "split"}) || meta["sha256"] != safetensors.Digest(tensors) {
		t.Errorf("metadata %v", meta)
	}
	e, g := network(t, smallModel())
	path := store(t, tensors, meta)
	if m, err := weights.ReadMetadata(path); err != nil || m.Accuracy != 0.875 {
		t.Errorf("%+v, %v", m, err)
	}
	if err := weights.Load(path, e, g); err != nil {
		t.Error(err)
	}
}

// TestMetadataSizesNothing: a model that is not that of the tensors is refused before anything is made for it.
func TestMetadataSizesNothing(t *testing.T) {
	tensors, meta := header(t, saved(t))
	delete(meta, "metadata_sha256")
	model := func(height, width, classes int, options models.Options) string {
		js, err := json.Marshal(models.Config{Model: "fashion-resnet", Channels: 1, Height: height, Width: width,
			Classes: classes, Options: options})
		if err != nil {
			t.Fatal(err)
		}
		return string(js)
	}
	delete(meta, "classes")
	for want, model := range map[string]string{
		"fc1.weight: shape [4 32], want [4 200000000]":     model(20000, 20000, 3, "base_channels=2 hidden=4"),
		"images: 1x1x2147483648x2147483648":                model(1<<31, 1<<31, 3, "base_channels=2 hidden=4"),
		"stem.weight: shape [2 1 3 3], want [100000 1 3 3": model(8, 8, 3, "base_channels=100000 hidden=4"),
		"more than 2^50 values":                            model(8, 8, 3, "base_channels=1099511627776 hidden=4"),
		"fc1.weight: shape [4 32], want [1099511627776 32": model(8, 8, 3, "base_channels=2 hidden=1099511627776"),
		"fc2.weight: shape [3 4], want [3 32]":             model(8, 8, 3, "base_channels=2"),
		"fc2.weight: shape [3 4], want [1000000000 4]":     model(8, 8, 1e9, "base_channels=2 hidden=4"),
		"exceeds input":                 model(1, 1, 3, "base_channels=2 hidden=4"),
		"base channels -1 and hidden 4": model(8, 8, 3, "base_channels=-1 hidden=4"),
		"no model \"x\"":                `{"model":"x"}`,
		"1e99":                          `{"model":"fashion-resnet","base_channels":1e99}`,
	} {
		meta["model"] = model
		path := store(t, tensors, meta)
		memorytest.Limit(t, 4<<20, func() {
			if _, err := weights.ReadMetadata(path); err == nil || !strings.Contains(err.Error(), want) ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: error %v, want %q", model, err, want)
			}
		})
	}
	for key, values := range map[string][]string{
		"accuracy": {"NaN", "-0.1", "1.5", "Inf"}, "epoch": {"-1", "1e3"}, "classes": {`["a"]`, `{}`},
	} {
		for _, v := range values {
			damaged := maps.Clone(meta)
			damaged["model"], damaged[key] = model(8, 8, 3, "base_channels=2 hidden=4"), v
			if _, err := weights.ReadMetadata(store(t, tensors, damaged)); err == nil || !strings.Contains(err.Error(),
				"metadata: ") {
				t.Errorf("%s %s: %v", key, v, err)
			}
		}
	}
}

// TestValuesThatAreNone: NaN, infinity and a negative variance are refused, and the executor is unchanged.
func TestValuesThatAreNone(t *testing.T) {
	e, g := network(t, smallModel())
	if err := nn.Initialize(e, g, 6); err != nil {
		t.Fatal(err)
	}
	before := safetensors.Digest(tensorsOf(t, e, g))
	for _, c := range []struct {
		tensor string
		at     int
		value  float64
		as     safetensors.DType
		want   string // "": accepted
	}{
		{"fc1.weight", 17, math.NaN(), safetensors.F32, "fc1.weight: element 17 is NaN, want finite numbers"},
		{"fc2.bias", 0, math.Inf(-1), safetensors.F32, "fc2.bias: element 0 is -Inf, want finite numbers"},
		{"fc2.bias", 2, 1e300, safetensors.F64, "fc2.bias: element 2 is +Inf, want finite numbers"},
		{"blocks.1.bn1.running_var", 3, -0.5, safetensors.F32,
			"blocks.1.bn1.running_var: element 3 is -0.5, want a variance of 0 or more"},
		{"blocks.1.bn1.running_mean", 3, -0.5, safetensors.F32, ""},
		{"blocks.1.bn1.running_var", 3, 0, safetensors.F32, ""},
	} {
		ts := tensorsOf(t, e, g)
		x := &ts[slices.IndexFunc(ts, func(x safetensors.Tensor) bool { return x.Name == c.tensor })]
		if c.as == safetensors.F64 {
			x.DType, x.Data = c.as, make([]byte, 2*len(x.Data))
			binary.LittleEndian.PutUint64(x.Data[8*c.at:], math.Float64bits(c.value))
		} else {
			binary.LittleEndian.PutUint32(x.Data[4*c.at:], math.Float32bits(float32(c.value)))
		}
		err := weights.Load(store(t, ts, nil), e, g)
		if (err == nil) != (c.want == "") || err != nil && !strings.HasSuffix(err.Error(), ": "+c.want) {
			t.Errorf("%s: error %v, want %q", c.tensor, err, c.want)
		}
		if got := safetensors.Digest(tensorsOf(t, e, g)); c.want != "" && got != before {
			t.Fatalf("%s: the file was refused, but the weights changed", c.tensor)
		}
	}
	// Optimiser states may be negative but not NaN.
	states := []nn.Role{nn.Momentum, nn.SecondMoment}
	for value, ok := range map[float32]bool{-1: true, float32(math.Inf(1)): false} {
		ts, err := weights.ReadTensors(e, g, states...)
		if err != nil {
			t.Fatal(err)
		}
		binary.LittleEndian.PutUint32(ts[len(ts)-1].Data, math.Float32bits(value))
		f, err := safetensors.Open(store(t, ts, nil))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := weights.WriteTensors(e, g, f, states...); (err == nil) != ok ||
			err != nil && !strings.Contains(err.Error(), "state1.fc2.bias: element 0 is +Inf") {
			t.Errorf("a state of %g: %v", value, err)
		}
	}
}

// TestPrefixes: what wrappers put before all names is taken off and said.
func TestPrefixes(t *testing.T) {
	tensors, _ := header(t, saved(t))
	tensors = append(tensors, safetensors.Tensor{Name: "blocks.0.bn1.num_batches_tracked", DType: safetensors.I64,
		Data: make([]byte, 8)})
	e, g := network(t, smallModel())
	for _, prefix := range []string{"", "module.", "_orig_mod.", "model.", "_orig_mod.module.", "model.module.model."} {
		renamed := slices.Clone(tensors)
		for i := range renamed {
			renamed[i].Name = prefix + renamed[i].Name
		}
		var said string
		err := weights.Import(store(t, renamed, nil), e, g, func(format string, args ...any) {
			said += args[1].(string)
		})
		if err != nil || said != prefix {
			t.Errorf("prefix %q: %v, said %q", prefix, err, said)
		}
		if got := tensorsOf(t, e, g); safetensors.Digest(got) != safetensors.Digest(tensors[:len(got)]) {
			t.Errorf("prefix %q: other weights than those saved", prefix)
		}
	}
	// A prefix of some names is none.
	renamed := slices.Clone(tensors)
	for i := range renamed[1:] {
		renamed[i+1].Name = "module." + renamed[i+1].Name
	}
	if err := weights.Load(store(t, renamed, nil), e, g); err == nil || !strings.Contains(err.Error(), "unexpected") {
		t.Errorf("a prefix of all names but one: %v", err)
	}
}

// TestOthersAreRecognised: what is given instead of a weights file is named, with what to type.
func TestOthersAreRecognised(t *testing.T) {
	zip := func(member string) string { return "PK\x03\x04" + strings.Repeat("x", 9000) + "PK\x01\x02" + member }
	lfs := "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n"
	for _, c := range []struct{ name, content, want string }{
		{"m.h5", "\x89HDF\r\n\x1a\n" + "more", "is an HDF5 file; convert it with: resnet import --from keras "},
		{"m.keras", zip("model.weights.h5"), "is a Keras file; convert it with: resnet import --from keras "},
		{"m.pth", zip("archive/data.pkl"), "is a PyTorch file; convert it in Python: safetensors.torch.save_file("},
		{"old.pth", "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", "is a PyTorch file"},
		{"m.npz", zip("a.npy"), "is a NumPy archive"},
		{"m.zip", zip("readme"), "is a ZIP archive"},
		{"m.pkl", "\x80\x04\x95more and more", "is a Python pickle"},
		{"m.onnx", "\x08\x08\x12\x07pytorch", "is an ONNX model, which is written and not read"},
		{"m.gz", "\x1f\x8b\x08more and more", "is gzip-compressed; unpack it with: gunzip "},
		{"m.tar", strings.Repeat("\x00", 257) + "ustar", "is a tar archive"},
		{"m.png", "\x89PNG\r\n\x1a\nmore", "is a picture, want a weights file"},
		{"m.html", "\n<!DOCTYPE html><html>Not found", "is an HTML page (a download that failed?)"},
		{"m.lfs", lfs, "is a git-lfs pointer, not the file itself; get that with: git lfs pull"},
		{"config.json", `{"model": "fashion-resnet"}`, "is a JSON file"},
		{"empty", "", "is empty"},
		{"text", "some text that is no weights", "header length"},
		{"a b.h5", "\x89HDF\r\n\x1a\n" + "more", "/a b.h5' -o w.safetensors"},
	} {
		path := put(t, c.name, []byte(c.content))
		_, err := weights.ReadMetadata(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") ||
			!strings.HasPrefix(err.Error(), "nn: weights: ") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	run := t.TempDir()
	refused := func(path, want string) {
		t.Helper()
		if _, err := weights.Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
	refused(run, "is a folder, want a weights file")
	best, checkpoint := filepath.Join(run, "weights", "best.safetensors"), filepath.Join(run, "checkpoint", "c")
	for _, path := range []string{best, checkpoint} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, nil, map[string]string{"state": "{}", "sha256": "0"}); err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string][]byte{filepath.Join(run, "config.json"): nil, checkpoint: b.Bytes()} {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	refused(run, "is a run directory without weights")
	refused(checkpoint, "is a checkpoint, want a weights file; a run goes on from it with: resnet train --resume")
	if err := os.WriteFile(best, saved(t), 0o644); err != nil {
		t.Fatal(err)
	}
	refused(run, "is a run directory; its weights: "+best)
	refused(filepath.Dir(best), "its weights: "+best)
	refused(checkpoint, "is a checkpoint; the weights of its run: "+best)
}
