package keras

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resnet/data/memory/memorytest"
	"resnet/nn"
	"resnet/nn/hdf5"
)

func put(t testing.TB, name string, b []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// expectRefused reads a file and wants one line with the given words, and no more memory than so many MB.
func expectRefused(t *testing.T, path string, g *nn.Graph, want string, limit uint64) {
	t.Helper()
	memorytest.Limit(t, limit<<20, func() {
		_, err := Read(path, g)
		if err == nil || !strings.HasPrefix(err.Error(), "keras: ") || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), filepath.Base(path)) {
			t.Errorf("%s: error %v, want one with %q and the file's name", path, err, want)
		}
	})
}

// An archive says of each member where it is, how large and what its checksum.
func TestReadRefusesDamagedArchive(t *testing.T) {
	g := plainChain.graph(t)
	whole := written(t, Archive, g, random(g))
	small := deflated(t, whole)
	end := []byte("PK\x01\x02") // an entry of the directory at the end
	const method, sum, packed, size, offset = 10, 16, 20, 24, 42
	for _, c := range []struct {
		name    string
		archive []byte
		member  int
		field   int
		put     uint32
		want    string
	}{
		{"checksum", whole, 2, sum, 0, "model.weights.h5: CRC-32 "},
		{"checksum of the configuration", whole, 1, sum, 1, "config.json: CRC-32 "},
		{"checksum of a deflated member", small, 2, sum, 0, "model.weights.h5: "},
		{"size", whole, 2, size, 1 << 30, "are stored as"},
		{"both sizes", whole, 2, packed, 1 << 30, "model.weights.h5: 1073741824 bytes at "},
		{"inflated size", small, 2, size, 1 << 31, "bytes are deflated to"},
		{"place", whole, 2, offset, 1 << 20, "model.weights.h5: "},
		{"method", whole, 1, method, 12, "config.json: compression method 12, want 0 or 8: stored or deflated"},
		{"encrypted", whole, 1, 8, 1, "config.json: encrypted, want it plain"},
	} {
		b := slices.Clone(c.archive)
		at := bytes.Index(b, end)
		for range c.member {
			at += 4 + bytes.Index(b[at+4:], end)
		}
		if c.field == method || c.field == 8 {
			binary.LittleEndian.PutUint16(b[at+c.field:], uint16(c.put))
		} else {
			binary.LittleEndian.PutUint32(b[at+c.field:], c.put)
		}
		expectRefused(t, put(t, "damaged.keras", b), g, c.want, 2)
	}
}

// A file with one flipped bit is refused, or the bit is one that does not matter.
func TestReadFlippedBits(t *testing.T) {
	g := small(t)
	for _, name := range []string{"small.keras", "deflated.keras"} {
		b, err := os.ReadFile("testdata/small.keras")
		if err != nil {
			t.Fatal(err)
		}
		if name == "deflated.keras" {
			b = deflated(t, b)
		}
		path := put(t, name, b)
		want, err := Read(path, g)
		if err != nil {
			t.Fatal(err)
		}
		rng, refused := rand.New(rand.NewPCG(5, 6)), 0
		for range 50 {
			bit := rng.IntN(8 * len(b))
			b[bit/8] ^= 1 << (bit % 8)
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
			b[bit/8] ^= 1 << (bit % 8)
			got, err := Read(path, g)
			if err != nil {
				refused++
			}
			for v, x := range got {
				if !slices.Equal(x, want[v]) {
					t.Errorf("%s: bit %d: %s differs", name, bit, g.ValueName(v))
				}
			}
		}
		if refused < 45 {
			t.Errorf("%s: %d of 50 flipped bits were noticed, want at least 45", name, refused)
		}
	}
}

// Members that inflate to much more than they are, or are very many, or others than Keras' own.
func TestReadRefusesArchives(t *testing.T) {
	g := plainChain.graph(t)
	bomb := func(config, weights int) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for name, n := range map[string]int{configMember: config, weightsMember: weights} {
			w, err := z.Create(name)
			if err == nil {
				_, err = w.Write(make([]byte, n))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	expectRefused(t, put(t, "config.keras", bomb(17<<20, 1)), g,
		"config.json: inflates to 17825792 bytes, want at most 16777216", 1)
	expectRefused(t, put(t, "weights.keras", bomb(1, 65<<20)), g,
		"model.weights.h5: inflates to 68157440 bytes, want at most ", 1)
	var many bytes.Buffer
	z := zip.NewWriter(&many)
	for i := range 20_000 {
		if _, err := z.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("%08d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	expectRefused(t, put(t, "many.keras", many.Bytes()), g, "a list of members of more than 1048576 bytes", 16)
	other := bytes.ReplaceAll(written(t, Archive, g, random(g)), []byte(weightsMember), []byte("model.weights.h6"))
	expectRefused(t, put(t, "other.keras", other), g, `the weights are in "model.weights.h6", want them in one file`, 1)
}

// Configurations that take much more memory than they have bytes, or a deep stack. The weights are matched without.
func TestParseConfigBounds(t *testing.T) {
	layers := func(content string) string {
		return `{"class_name": "Functional", "config": {"layers": [` + content + `], "output_layers": ["a", 0, 0]}}`
	}
	nested := `{"name": "a"}`
	for range maxNesting {
		nested = `{"class_name": "Sequential", "name": "a", "config": {"layers": [` + nested + `]}}`
	}
	reference := `["a",0,0]`
	for range 9000 {
		reference = "[" + reference + "]"
	}
	for name, config := range map[string]string{
		"empty layers":     layers(strings.Repeat("{},", 600_000) + "{}"),
		"empty lists":      layers(`{"name": "a", "inbound_nodes": [` + strings.Repeat("[],", 600_000) + `[]]}`),
		"no layers":        layers(strings.Repeat("null,", 99_999) + "null"),
		"models in models": layers(nested),
		"lists in lists":   layers(`{"name": "a", "inbound_nodes": ` + strings.Repeat("[", 100_000)),
		"many references": layers(`{"name": "a", "inbound_nodes": [` +
			strings.Repeat(reference+",", 10) + strings.Repeat(`["a",0,0],`, 100_000) + `["a",0,0]]}`),
	} {
		memorytest.Limit(t, 200<<20, func() {
			n, ok := parseConfig([]byte(config))
			if ok {
				_, ok = sequence(n.output)
			}
			if ok {
				t.Errorf("%s: a network", name)
			}
		})
	}
}

// Names and links that multiply what a file has.
func TestReadRefusesDuplicates(t *testing.T) {
	g := plainChain.graph(t)
	one := hdf5.Dataset{Shape: []int{1}, Data: []float32{1}}

	layers := &hdf5.Group{Lists: map[string][]string{layerNames: slices.Repeat([]string{"a"}, 4000)}}
	layers.Group("a").Lists = map[string][]string{weightNames: {"k"}}
	layers.Put("a/k", one)
	expectRefused(t, put(t, "layers.h5", encoded(t, layers)), g, "a twice in layer_names", 4)

	arrays := &hdf5.Group{Lists: map[string][]string{layerNames: {"a"}}}
	arrays.Group("a").Lists = map[string][]string{weightNames: slices.Repeat([]string{"k"}, 4000)}
	arrays.Put("a/k", one)
	expectRefused(t, put(t, "arrays.h5", encoded(t, arrays)), g, "a/k: an array of more than one layer", 4)

	vars := &hdf5.Group{}
	for i := range 1000 {
		vars.Put(fmt.Sprintf("layers/dense/vars/%d", i), one)
	}
	expectRefused(t, put(t, "vars.weights.h5", encoded(t, vars)), g,
		"dense: weights of shapes [[1] [1] [1] [1] [1] [1] [1] [1]] and 992 more, want those of Conv2D", 4)

	deep := &hdf5.Group{}
	deep.Put(strings.Repeat("a/", maxNesting)+"a/vars/0", one)
	expectRefused(t, put(t, "deep.weights.h5", encoded(t, deep)), g, "in more than 8 models", 4)

	own := &hdf5.Group{}
	own.Put("vars/0", one)
	expectRefused(t, put(t, "own.weights.h5", encoded(t, own)), g, "vars: weights of the model itself", 4)
	own = &hdf5.Group{Lists: map[string][]string{layerNames: {"a"}}}
	own.Group(topLevel).Lists = map[string][]string{weightNames: {"k"}}
	expectRefused(t, put(t, "own.h5", encoded(t, own)), g, topLevel+": weights of the model itself", 4)

	// The second group of a list is the first.
	twice := &hdf5.Group{}
	twice.Put("layers/dense/vars/0", one)
	twice.Group("layers/dense_1")
	b := encoded(t, twice)
	node := bytes.Index(b, []byte("SNOD\x01\x00\x02\x00")) // of layers, the only group of two names
	copy(b[node+8+40+8:], b[node+8+8:node+8+16])
	expectRefused(t, put(t, "twice.weights.h5", b), g, "layers/dense_1", 4)

	// A network cannot be told from the file if layers of a class are attributes of a model.
	wide := plainChain
	wide.hidden = true
	unordered := &hdf5.Group{}
	unordered.Put("c/vars/0", hdf5.Dataset{Shape: []int{3, 3, 1, 4}, Data: make([]float32, 36)})
	for i := range 4 {
		unordered.Put(fmt.Sprintf("b/vars/%d", i), hdf5.Dataset{Shape: []int{4}, Data: make([]float32, 4)})
	}
	for _, name := range []string{"first", "second"} {
		unordered.Put(name+"/vars/0", hdf5.Dataset{Shape: []int{4, 4}, Data: make([]float32, 16)})
		unordered.Put(name+"/vars/1", hdf5.Dataset{Shape: []int{4}, Data: make([]float32, 4)})
	}
	unordered.Group(varsGroup)
	expectRefused(t, put(t, "attributes.weights.h5", encoded(t, unordered)), wide.graph(t),
		"first and second: the file does not tell which comes first", 4)
}

// Numbers that are none, and variances that cannot be, are refused by the names of both programs.
func TestReadRefusesNumbers(t *testing.T) {
	theirs, g := chain{conv: "a", bn: "b", fc: "c", width: 4}.graph(t), plainChain.graph(t)
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, c := range []struct {
		parameter string
		element   int
		value     float32
		want      string // "" is that it is read
	}{
		{"a.weight", 13, nan, "conv (a in the file): kernel: element 17 is NaN, want finite numbers"},
		{"b.running_mean", 1, inf, "bn (b in the file): moving_mean: element 1 is -Inf, want finite numbers"},
		{"b.running_var", 3, -0.5,
			"bn (b in the file): moving_variance: element 3 is -0.5, want a variance of 0 or more"},
		{"b.running_var", 3, 0, ""},
		{"c.bias", 0, -0.5, ""},
	} {
		params := random(theirs)
		for v, x := range params {
			if theirs.ValueName(v) == c.parameter {
				params[v] = slices.Clone(x)
				params[v][c.element] = c.value
			}
		}
		path := put(t, "numbers.h5", written(t, H5, theirs, params))
		if c.want != "" {
			expectRefused(t, path, g, c.want, 4)
		} else if _, err := Read(path, g); err != nil {
			t.Errorf("%s of %g: %v", c.parameter, c.value, err)
		}
	}
}
