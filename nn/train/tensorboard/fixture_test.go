package tensorboard

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resnet/nn"
)

var update = flag.Bool("update", false, "write the fixture anew; then RESNET_REQUIRE_PYTHON=1 must pass")

// fixed is an origin whose clock starts in 2023 and advances by a quarter of a second at each call.
func fixed() origin {
	at := time.Unix(1_700_000_000, 0)
	return origin{host: "host", pid: 42, now: func() time.Time {
		at = at.Add(time.Second / 4)
		return at
	}}
}

// residual is a graph of a few ops with every kind of field that ops have.
func residual(t testing.TB) *nn.Graph {
	t.Helper()
	g := nn.NewGraph("residual", 3, 5, 4, 2)
	x := g.Apply("input", nn.Normalize{Mean: []float32{0.25, 0.5, 0.75}}, g.Images)
	x = g.Apply("stem", nn.Conv{Out: 4, Kernel: 3, Stride: 2, Pad: nn.Same(5, 4, 3, 2), Bias: true}, x)
	y := g.Apply("blocks.0.bn", nn.BatchNorm{Eps: 0.5, ReLU: true}, x)
	x = g.Apply("blocks.0.add", nn.Add{}, x, y)
	g.Loss(nn.SoftmaxCrossEntropy{Smoothing: 0.125}, g.Apply("fc", nn.Linear{Out: 2}, x))
	must(t, g.Err())
	return g
}

// picture returns a PNG file of 2 rows of 3 grey pixels.
func picture(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/picture.png")
	must(t, err)
	return b
}

const fixturePath = "testdata/events.out.tfevents.1700000000.host.42.0"

// writeFixture writes a file with an event of every kind, and returns its path.
func writeFixture(t testing.TB, dir string) string {
	t.Helper()
	w, err := create(dir, 7, fixed())
	must(t, err)
	s, err := settingsOf(struct {
		Model string `json:"model"`
		LR    float64
		Seed  uint64
		Empty string
		Flag  bool
	}{"a`b|c", 0.5, 1<<64 - 1, "", true})
	must(t, err)
	w.Text("config", 6, s.table())
	w.hparams(hparamsStart, hparamsStartInfo, s.encodeStart(w.now()))
	w.Graph(residual(t))
	w.Scalars(7, Scalar{"loss/train", 1.5, "mean"}, Scalar{"lr", 0, ""})
	w.Scalars(8, Scalar{"loss/train", 1.25, "mean"})
	w.Histogram("weights/fc.bias", 8, []float32{1, -2, 0.5, 0.5})
	w.Histogram("weights/fc.bias", 9, []float32{3, 3})
	must(t, w.Image("pictures", 9, picture(t)))
	w.hparams(hparamsEnd, hparamsEndInfo, encodeEnd(w.now()))
	must(t, w.Flush())
	return w.path
}

func TestFixture(t *testing.T) {
	path := writeFixture(t, t.TempDir())
	if filepath.Base(path) != filepath.Base(fixturePath) {
		t.Errorf("file %s, want %s", filepath.Base(path), filepath.Base(fixturePath))
	}
	got, err := os.ReadFile(path)
	must(t, err)
	if *update {
		must(t, os.WriteFile(fixturePath, got, 0o644))
	}
	want, err := os.ReadFile(fixturePath)
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes written that are not the %d of %s", len(got), len(want), fixturePath)
	}
}

// TestEvents reads the file back: every event in order, with times that are a quarter of a second apart for each call
// of the clock.
func TestEvents(t *testing.T) {
	const want = `1700000000.50 0 version brain.Event:2
1700000000.75 7 session 1
1700000001.00 6 config (text, class 2) tensor of type 7, 1 elements: ` +
		`"| setting | value |\n|---|---|\n| Empty |  |\n| Flag | ` + "`true`" + ` |\n| LR | ` + "`0.5`" +
		` |\n| Seed | ` + "`18446744073709551615`" + ` |\n| model | ` + "`a'b|c`" + ` |\n"
1700000001.50 0 _hparams_/session_start_info (hparams, class 2) tensor of type 1, 0 elements
1700000001.75 0 node images = placeholder, _output_shapes [-1 3 5 4]
1700000001.75 0 node labels = placeholder, _output_shapes [-1 1 1 1]
1700000001.75 0 node input = input images, _output_shapes [-1 3 5 4], flops 120, mean [0.25 0.5 0.75]
1700000001.75 0 node stem = conv2d input, _output_shapes [-1 4 3 2], bias 4, flops 1296, kernel 3, out 4, ` +
		`pad {Top:1 Left:0 Bottom:1 Right:1}, stride 2, weight 4x3x3x3
1700000001.75 0 node blocks/0/bn = batchnorm stem, _output_shapes [-1 4 3 2], bias 4, eps 0.5, ` +
		`flops 48, relu true, running_mean 4, running_var 4, weight 4
1700000001.75 0 node blocks/0/add = add stem blocks/0/bn, _output_shapes [-1 4 3 2], flops 24
1700000001.75 0 node fc = linear blocks/0/add, _output_shapes [-1 2 1 1], bias 2, flops 96, out 2, weight 2x24
1700000001.75 0 node loss = softmax_cross_entropy fc labels, _output_shapes [-1 2 1 1], flops 10, smoothing 0.125
1700000002.00 7 loss/train (scalars, class 1) scalar 1.5
1700000002.00 7 lr (scalars, class 1) scalar 0
1700000002.25 8 loss/train scalar 1.25
1700000002.50 8 weights/fc.bias histogram of 4 in -2 to 1, sum 0, squares 5.5: 1 below -1.975 2 below 0.525 1 below 1
1700000002.75 9 weights/fc.bias histogram of 2 in 3 to 3, sum 6, squares 18: 2 below 3
1700000003.00 9 pictures image 2x3x1 of 73 bytes
1700000003.50 0 _hparams_/session_end_info (hparams, class 2) tensor of type 1, 0 elements
`
	if got := listing(t, writeFixture(t, t.TempDir())); got != want {
		t.Errorf("wrote\n%s\nwant\n%s", got, want)
	}
}

// The settings are in the metadata of a tag, where the HParams dashboard reads them.
func TestHParams(t *testing.T) {
	s := settings{}
	start := fmt.Sprint(decode(t, s.encodeStart(time.Unix(3, 5e8))).double(5))
	end := decode(t, encodeEnd(time.Unix(4, 0)))
	if got := start + fmt.Sprint(" ", end.int(1), end.double(2)); got != "3.5 1 4" {
		t.Errorf("start, status and end %s, want 3.5 1 4", got)
	}
	s, err := settingsOf(map[string]any{"b": true, "n": 1e-3, "s": "x", "nested": []int{1, 2}})
	must(t, err)
	var got []string
	for _, e := range decode(t, s.encodeStart(time.Unix(0, 0))).messages(t, 1) {
		v := e.messages(t, 2)[0]
		switch {
		case v.has(2):
			got = append(got, fmt.Sprint(e.string(1), " number ", v.double(2)))
		case v.has(3):
			got = append(got, fmt.Sprint(e.string(1), " string ", v.string(3)))
		case v.has(4):
			got = append(got, fmt.Sprint(e.string(1), " bool ", v.int(4)))
		}
	}
	if all, want := strings.Join(got, ", "), "b bool 1, n number 0.001, nested string [1 2], s string x"; all != want {
		t.Errorf("settings %s, want %s", all, want)
	}
}

func TestImageChannels(t *testing.T) {
	r := image.Rect(0, 0, 2, 1)
	opaque, clear := image.NewRGBA(r), image.NewNRGBA(r)
	opaque.Set(0, 0, color.White)
	opaque.Set(1, 0, color.White)
	for want, m := range map[int64]image.Image{1: image.NewGray(r), 3: opaque, 4: clear} {
		var file bytes.Buffer
		must(t, png.Encode(&file, m))
		got, err := encodeImage(file.Bytes())
		must(t, err)
		if f := decode(t, got); f.int(3) != want || f.int(1) != 1 || f.int(2) != 2 {
			t.Errorf("%T: %d rows, %d columns, %d channels, want 1, 2, %d", m, f.int(1), f.int(2), f.int(3), want)
		}
	}
	_, err := encodeImage([]byte("GIF89a"))
	if err == nil || !strings.Contains(err.Error(), "6 bytes that are no PNG file") {
		t.Errorf("a GIF gives error %v, want one that says what it is", err)
	}
}
