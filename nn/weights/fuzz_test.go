package weights

import (
	"bytes"
	"encoding/json"
	"testing"

	"resnet/data/memory/memorytest"
	"resnet/nn/models"
	"resnet/nn/safetensors"
)

// FuzzMetadata reads arbitrary metadata over the tensors of a small network. No model that they describe may be
// accepted unless it has exactly those tensors, and none may take more memory than its own text. Files as such are
// fuzzed in package safetensors.
func FuzzMetadata(f *testing.F) {
	config := models.Config{Model: "fashion-resnet", Channels: 1, Height: 8, Width: 8, Classes: 3,
		Options: "base_channels=2 hidden=4"}
	g, err := models.Build(config)
	if err != nil {
		f.Fatal(err)
	}
	var tensors []safetensors.Tensor
	for _, v := range g.Parameters() {
		p := g.Param(v)
		shape := []int{p.Shape.N, p.Shape.C, p.Shape.H, p.Shape.W}[:p.Dims]
		tensors = append(tensors, safetensors.Tensor{Name: g.ValueName(v), DType: safetensors.F32, Shape: shape,
			Data: make([]byte, 4*p.Shape.Elems())})
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, tensors, nil); err != nil {
		f.Fatal(err)
	}
	in, err := safetensors.New(bytes.NewReader(b.Bytes()), int64(b.Len()), "w")
	if err != nil {
		f.Fatal(err)
	}
	js, err := json.Marshal(config)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(js), `["a","b","c"]`, "3", "0.5")
	f.Fuzz(func(t *testing.T, model, classes, epoch, accuracy string) {
		in.Metadata = map[string]string{"format_version": "1", "model": model, "classes": classes, "epoch": epoch,
			"accuracy": accuracy}
		var m Metadata
		var err error
		memorytest.Limit(t, 1<<20+64*uint64(len(model)+len(classes)), func() {
			m, err = (&File{"w", in}).Metadata()
		})
		if err != nil {
			return
		}
		built, err := models.Build(m.Model)
		if err != nil || len(m.Classes) != config.Classes || m.Epoch < 0 || !(m.Accuracy >= 0 && m.Accuracy <= 1) {
			t.Fatalf("accepted %+v (%v)", m, err)
		}
		for _, v := range built.Parameters() {
			if i, ok := in.Lookup(built.ValueName(v)); !ok || i.Elems() != built.Elems(v, 1) {
				t.Errorf("accepted %+v, whose %s has %d elements", m, built.ValueName(v), built.Elems(v, 1))
			}
		}
	})
}
