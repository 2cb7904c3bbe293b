package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resnet/nn/safetensors"
)

// rewritten is a copy of a weights file after a change of its tensors and metadata.
func rewritten(t *testing.T, path string,
	change func(ts []safetensors.Tensor, meta map[string]string) ([]safetensors.Tensor, map[string]string)) string {
	t.Helper()
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tensors, err := f.All()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	tensors, meta := change(tensors, f.Metadata)
	if err := safetensors.Write(&b, tensors, meta); err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(t.TempDir(), "changed.safetensors")
	write(t, changed, b.Bytes())
	return changed
}

// refused runs the program, which must exit with 1 and say so in one line that contains what is wanted.
func refused(t *testing.T, want string, args ...string) {
	t.Helper()
	out, stderr, code := resnet(t, args...)
	if code != 1 || out != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
		t.Errorf("resnet %s: exit status %d, want 1 and one line with %q: %.500s%.1000s", strings.Join(args, " "), code,
			want, out, stderr)
	}
}

// What a weights file says of its network is compared with its tensors before anything is made for it, by every command
// that reads one.
func TestWeightsOfAnotherModel(t *testing.T) {
	weights := smallNetwork(t)
	for old, replaced := range map[string]string{
		`"height":12,"width":12`: `"height":20000,"width":20000`,
		`"height":12,`:           `"height":9223372036854775807,`,
		`"base_channels":4`:      `"base_channels":100000`,
		`"hidden":16`:            `"hidden":1099511627776`,
	} {
		path := rewritten(t, weights, func(ts []safetensors.Tensor,
			meta map[string]string) ([]safetensors.Tensor, map[string]string) {
			model := strings.Replace(meta["model"], old, replaced, 1)
			if model == meta["model"] {
				t.Fatalf("no %s in %s", old, model)
			}
			meta["model"] = model
			delete(meta, "metadata_sha256") // as in a file from before there was one
			return ts, meta
		})
		for _, command := range []string{"eval", "predict", "summary", "export"} {
			args := []string{command, "--weights", path}
			switch command {
			case "eval":
				args = append(args, "--device", "cpu")
			case "predict":
				args = append(args, "--device", "cpu", "--indices", "0")
			case "export":
				args = append(args, "--to", "onnx")
			}
			refused(t, "changed.safetensors: metadata: ", args...)
		}
	}
}

// A changed class name, accuracy or split is noticed.
func TestWeightsMetadataDamaged(t *testing.T) {
	weights := smallNetwork(t)
	whole := read(t, weights)
	for _, text := range []string{`\"1\"`, `"accuracy":"0`, `"split":"test`, `metadata_sha25`} {
		at := bytes.Index(whole, []byte(text))
		if at < 0 {
			t.Fatalf("no %s in the header", text)
		}
		damaged := bytes.Clone(whole)
		damaged[at+len(text)-1] ^= 1
		if text == `\"1\"` {
			damaged[at+len(text)-1] ^= 1
			damaged[at+2] ^= 2 // class 1 is called 3
		}
		path := filepath.Join(t.TempDir(), "damaged.safetensors")
		write(t, path, damaged)
		refused(t, "(damaged?)", "summary", "--weights", path)
	}
}

// Values that are none are refused wherever weights come in, and a wrapper's prefix is taken off and said.
func TestForeignWeights(t *testing.T) {
	weights, data := smallNetwork(t), writeBars(t, 24)
	changed := func(tensor string, at int, x float32) string {
		return rewritten(t, weights, func(ts []safetensors.Tensor,
			_ map[string]string) ([]safetensors.Tensor, map[string]string) {
			i := slices.IndexFunc(ts, func(t safetensors.Tensor) bool { return t.Name == tensor })
			binary.LittleEndian.PutUint32(ts[i].Data[4*at:], math.Float32bits(x))
			return ts, nil
		})
	}
	out := filepath.Join(t.TempDir(), "out.safetensors")
	imported := func(file string) []string { return append([]string{"import", file, "-o", out}, ofBars...) }
	for want, file := range map[string]string{
		"fc1.weight: element 17 is NaN, want finite numbers": changed("fc1.weight", 17, float32(math.NaN())),
		"fc2.bias: element 1 is +Inf, want finite numbers":   changed("fc2.bias", 1, float32(math.Inf(1))),
		"blocks.0.bn2.running_var: element 3 is -0.5, want a variance of 0 or more": changed(
			"blocks.0.bn2.running_var", 3, -0.5),
	} {
		refused(t, want, imported(file)...)
		refused(t, want, tiny(data, "--weights", file, "--output", filepath.Join(t.TempDir(), "run"))...)
		if _, err := os.Stat(out); err == nil {
			t.Fatalf("%s: weights were written", want)
		}
	}
	prefixed := rewritten(t, weights, func(ts []safetensors.Tensor,
		_ map[string]string) ([]safetensors.Tensor, map[string]string) {
		for i := range ts {
			ts[i].Name = "_orig_mod.module." + ts[i].Name
		}
		return ts, nil
	})
	_, stderr, code := resnet(t, imported(prefixed)...)
	if code != 0 || !strings.HasPrefix(stderr, "note: ") || !strings.Contains(stderr, "_orig_mod.module.") ||
		strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit status %d, want 0 and a note about the prefix: %s", code, stderr)
	}
	succeed(t, "summary", "--weights", out)
}

// What is not a weights file is named, with what to type instead.
func TestNotWeights(t *testing.T) {
	weights := smallNetwork(t)
	run := filepath.Dir(filepath.Dir(weights))
	best := filepath.Join(run, "weights", "best.safetensors")
	keras := filepath.Join(t.TempDir(), "m.keras")
	succeed(t, "export", "--weights", weights, "-o", keras)
	empty := filepath.Join(t.TempDir(), "empty.safetensors")
	write(t, empty, nil)
	for path, want := range map[string]string{
		run: "is a run directory; its weights: " + best,
		filepath.Join(run, "checkpoint", "checkpoint.safetensors"): "is a checkpoint; the weights of its run: " + best,
		keras:       "is a Keras file; convert it with: resnet import --from keras " + keras,
		empty:       "is empty",
		t.TempDir(): "is a folder, want a weights file",
	} {
		refused(t, want, "eval", "--device", "cpu", "--weights", path)
		refused(t, want, append([]string{"import", path, "--from", "safetensors", "-o", "none"}, ofBars...)...)
	}
	foreign := rewritten(t, weights, func(ts []safetensors.Tensor,
		_ map[string]string) ([]safetensors.Tensor, map[string]string) {
		return ts, nil
	})
	refused(t, "no model (a file of another program?); take it in with: resnet import", "eval", "--device", "cpu",
		"--weights", foreign)
}
