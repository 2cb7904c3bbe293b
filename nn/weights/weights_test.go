package weights_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resnet/nn"
	"resnet/nn/cpu"
	"resnet/nn/models"
	"resnet/nn/safetensors"
	"resnet/nn/weights"
)

func smallModel() models.Config {
	return models.Config{Model: "fashion-resnet", Channels: 1, Height: 8, Width: 8, Classes: 3,
		Options: "base_channels=2 hidden=4"}
}

// network compiles a model for the CPU; its parameters are zeros.
func network(t *testing.T, c models.Config) (nn.Executor, *nn.Graph) {
	t.Helper()
	backend, err := cpu.New(cpu.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	g, err := models.Build(c)
	if err != nil {
		t.Fatal(err)
	}
	e, err := backend.Compile(g, nn.PlanConfig{Batch: 1, Optimizer: nn.NewAdam()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(); backend.Close() })
	return e, g
}

func tensorsOf(t *testing.T, e nn.Executor, g *nn.Graph) []safetensors.Tensor {
	t.Helper()
	ts, err := weights.ReadTensors(e, g)
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

// store writes a file and returns its path.
func store(t *testing.T, tensors []safetensors.Tensor, meta map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, meta); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWeightsReadBack(t *testing.T) {
	e, g := network(t, smallModel())
	if err := nn.Initialize(e, g, 1); err != nil {
		t.Fatal(err)
	}
	want := weights.Metadata{
		Model: smallModel(), Dataset: "fashion-mnist", Classes: []string{"a", "b/\"c\"", "é"},
		Transposed: true, Epoch: 6, Accuracy: 0.9238, Split: "test",
	}
	path := filepath.Join(t.TempDir(), "w")
	var b, again bytes.Buffer
	for _, w := range []*bytes.Buffer{&b, &again} {
		if err := weights.Save(w, e, g, want); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("saved twice, the bytes differ")
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	m, err := weights.ReadMetadata(path)
	if err != nil || m.Model != want.Model || m.Dataset != want.Dataset || !slices.Equal(m.Classes, want.Classes) ||
		m.Epoch != 6 || m.Accuracy != 0.9238 || m.Split != "test" || !m.Transposed {
		t.Errorf("metadata %+v, %v, want %+v", m, err, want)
	}
	other, g2 := network(t, m.Model)
	if err := weights.Load(path, other, g2); err != nil {
		t.Fatal(err)
	}
	if safetensors.Digest(tensorsOf(t, other, g2)) != safetensors.Digest(tensorsOf(t, e, g)) {
		t.Error("the weights loaded are not those saved")
	}
	damaged := bytes.Clone(b.Bytes())
	damaged[len(damaged)-1] ^= 1
	if err := os.WriteFile(path, damaged, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := weights.Load(path, other, g2); err == nil || !strings.Contains(err.Error(), "damaged?") {
		t.Errorf("one bit changed: %v", err)
	}
}

// TestWeightsHavePyTorchsNames: the tensors have the names and shapes of a PyTorch state dict.
func TestWeightsHavePyTorchsNames(t *testing.T) {
	e, g := network(t, models.Config{Model: "fashion-resnet", Channels: 1, Height: 28, Width: 28, Classes: 10,
		Options: "base_channels=16 hidden=512"})
	shapes := map[string][]int{}
	for _, ts := range tensorsOf(t, e, g) {
		shapes[ts.Name] = ts.Shape
	}
	for name, want := range map[string][]int{
		"stem.weight": {16, 1, 3, 3}, "blocks.0.shortcut.bn.running_var": {16},
		"blocks.1.shortcut.conv.weight": {32, 16, 1, 1},
		"blocks.2.bn2.bias":             {64},
		"blocks.3.conv2.weight":         {128, 64, 3, 3}, "blocks.3.conv3.weight": {64, 128, 1, 1},
		"fc1.weight": {512, 3136}, "fc1.bias": {512}, "fc2.weight": {10, 512}, "fc2.bias": {10},
	} {
		if !slices.Equal(shapes[name], want) {
			t.Errorf("%s: shape %v, want %v", name, shapes[name], want)
		}
	}
	// 4 blocks of 4 convolution weights and 3 batch norms of 4 vectors, the stem, two linear layers.
	if want := 4*(4+3*4) + 1 + 4; len(shapes) != want {
		t.Errorf("%d tensors, want %d", len(shapes), want)
	}
}

// TestWeightsOfPyTorch: a file that PyTorch wrote has no metadata, has batch counters, and may have other float types.
func TestWeightsOfPyTorch(t *testing.T) {
	e, g := network(t, smallModel())
	if err := nn.Initialize(e, g, 2); err != nil {
		t.Fatal(err)
	}
	ts := tensorsOf(t, e, g)
	i := slices.IndexFunc(ts, func(t safetensors.Tensor) bool { return t.Name == "fc2.bias" })
	// 1, -2, 0.5 in bfloat16.
	ts[i] = safetensors.Tensor{Name: "fc2.bias", DType: safetensors.BF16, Shape: []int{3},
		Data: []byte{0x80, 0x3f, 0, 0xc0, 0, 0x3f}}
	ts = append(ts, safetensors.Tensor{Name: "blocks.0.bn1.num_batches_tracked", DType: safetensors.I64,
		Data: make([]byte, 8)})
	path := store(t, ts, nil)
	if err := weights.Load(path, e, g); err != nil {
		t.Fatal(err)
	}
	got := tensorsOf(t, e, g)
	want := nn.Bytes([]float32{1, -2, 0.5})
	if !bytes.Equal(got[i].Data, want) {
		t.Errorf("fc2.bias %x, want %x", got[i].Data, want)
	}
	if _, err := weights.ReadMetadata(path); err == nil ||
		!strings.Contains(err.Error(), "no model (a file of another program?)") {
		t.Errorf("metadata of a foreign file: %v", err)
	}
}

func TestLoadWeightsRefuses(t *testing.T) {
	e, g := network(t, smallModel())
	if err := nn.Initialize(e, g, 3); err != nil {
		t.Fatal(err)
	}
	before := safetensors.Digest(tensorsOf(t, e, g))
	for want, edit := range map[string]func(ts []safetensors.Tensor, meta map[string]string) []safetensors.Tensor{
		"fc1.bias: shape [2 2], want [4]": func(ts []safetensors.Tensor, _ map[string]string) []safetensors.Tensor {
			for i := range ts {
				if ts[i].Name == "fc1.bias" {
					ts[i].Shape = []int{2, 2}
				}
			}
			return ts
		},
		"stem.weight: dtype I32, want F32": func(ts []safetensors.Tensor, _ map[string]string) []safetensors.Tensor {
			ts[0].DType = safetensors.I32
			return ts
		},
		"missing tensors: stem.weight; unexpected tensors: head.weight": func(ts []safetensors.Tensor,
			_ map[string]string) []safetensors.Tensor {
			ts[0].Name = "head.weight"
			return ts
		},
		"unexpected tensors: none": func(ts []safetensors.Tensor, _ map[string]string) []safetensors.Tensor {
			return ts[:5]
		},
		" and 64 more; unexpected": func(ts []safetensors.Tensor, _ map[string]string) []safetensors.Tensor {
			return nil
		},
		`format version "2", want 1`: func(ts []safetensors.Tensor, meta map[string]string) []safetensors.Tensor {
			meta["format_version"] = "2"
			return ts
		},
	} {
		meta := map[string]string{}
		path := store(t, edit(tensorsOf(t, e, g), meta), meta)
		err := weights.Load(path, e, g)
		if err == nil || !strings.HasPrefix(err.Error(), "nn: weights: "+path+": ") ||
			!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if got := safetensors.Digest(tensorsOf(t, e, g)); got != before {
		t.Error("a file that was refused changed the weights")
	}
	for key, value := range map[string]string{"model": "{", "classes": `["a"]`, "epoch": "six", "accuracy": "much",
		"format_version": "x"} {
		meta := map[string]string{"model": `{"classes": 3}`, key: value}
		if _, err := weights.ReadMetadata(store(t, nil, meta)); err == nil ||
			!strings.Contains(err.Error(), "metadata: ") {
			t.Errorf("%s %q: %v", key, value, err)
		}
	}
}

// TestTensorsOfStates: parameters and optimiser states, as in a checkpoint.
func TestTensorsOfStates(t *testing.T) {
	e, g := network(t, smallModel())
	if err := nn.Initialize(e, g, 4); err != nil {
		t.Fatal(err)
	}
	bias := g.Parameters()[len(g.Parameters())-1]
	state := []float32{1, 2, 3}
	if err := e.Write(nn.Ref{Value: bias, Role: nn.SecondMoment}, nn.Bytes(state)); err != nil {
		t.Fatal(err)
	}
	states := []nn.Role{nn.Momentum, nn.SecondMoment}
	ts, err := weights.ReadTensors(e, g, states...)
	if err != nil {
		t.Fatal(err)
	}
	last := ts[len(ts)-1]
	if last.Name != "state1.fc2.bias" || !bytes.Equal(last.Data, nn.Bytes(state)) {
		t.Errorf("last tensor %s %x, want state1.fc2.bias of 1, 2, 3", last.Name, last.Data)
	}
	f, err := safetensors.Open(store(t, ts, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	other, g2 := network(t, smallModel())
	if err := weights.WriteTensors(other, g2, f, states...); err != nil {
		t.Fatal(err)
	}
	back, err := weights.ReadTensors(other, g2, states...)
	if err != nil || safetensors.Digest(back) != safetensors.Digest(ts) {
		t.Errorf("states read back differ (%v)", err)
	}
	if err := weights.WriteTensors(other, g2, f); err == nil ||
		!strings.Contains(err.Error(), "unexpected tensors: state0.") {
		t.Errorf("a checkpoint as weights: %v", err)
	}
}
