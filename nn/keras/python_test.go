package keras

import (
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resnet/nn"
)

// python returns the interpreter that RESNET_PYTHON names, or python3. If it lacks Keras, h5py or a backend of Keras,
// the test is skipped, or fails with RESNET_REQUIRE_PYTHON=1.
func python(t *testing.T) string {
	t.Helper()
	name := cmp.Or(os.Getenv("RESNET_PYTHON"), "python3")
	const probe = `
import importlib.util as u, sys
there = lambda m: u.find_spec(m) is not None
sys.exit(not (there("keras") and there("h5py") and (there("jax") or there("tensorflow") or there("torch"))))`
	if err := exec.Command(name, "-c", probe).Run(); err != nil {
		if os.Getenv("RESNET_REQUIRE_PYTHON") == "1" {
			t.Fatalf("%s has no keras, h5py and jax, tensorflow or torch: %v", name, err)
		}
		t.Skipf("%s has no keras, h5py and jax, tensorflow or torch; RESNET_PYTHON names another interpreter", name)
	}
	return name
}

// TestPython lets Keras open the files of Write, predict, and save the model again. The predictions must be ours, and
// Read must get exactly our parameters from what Keras saved.
func TestPython(t *testing.T) {
	interpreter := python(t)
	folder := t.TempDir()
	put := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(folder, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	graphs := []*nn.Graph{small(t), seed(t), bottlenecks(t)}
	params, images := make([]map[nn.Value][]float32, len(graphs)), make([][]byte, len(graphs))
	rng := rand.New(rand.NewPCG(3, 4))
	for i, g := range graphs {
		params[i] = random(g)
		images[i] = make([]byte, 5*g.Type(g.Images).Shape.Elems())
		for k := range images[i] {
			images[i][k] = byte(rng.IntN(256))
		}
		config, err := Config(g)
		if err != nil {
			t.Fatal(err)
		}
		put(g.Name+".config.json", config)
		put(g.Name+".images", images[i])
		for _, f := range formats {
			put(g.Name+f.String(), written(t, f, g, params[i]))
		}
	}

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, interpreter, "testdata/check.py", folder).CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err != nil {
		t.Fatalf("%s testdata/check.py: %v\n%s", interpreter, err, out)
	}
	t.Log(lines[len(lines)-1])
	for i, g := range graphs {
		ours := predict(t, g, params[i], images[i])
		expectVaried(t, ours)
		for _, f := range formats {
			d := distance(ours, floats(t, filepath.Join(folder, g.Name+f.String()+".predictions")))
			t.Logf("%s%s: distance %.2g", g.Name, f, d)
			if !(d < tolerance) {
				t.Errorf("%s%s: predictions differ by %.2g, want at most %g", g.Name, f, d, tolerance)
			}
			expectSame(t, filepath.Join(folder, "again."+g.Name+f.String()), g, params[i])
		}
	}
}

func floats(t *testing.T, path string) []float32 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x
}
