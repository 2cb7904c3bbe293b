// Package pillowtest compares pictures with those of Pillow: by golden values, and by Pillow itself where the
// environment variable RESNET_PILLOW names a Python that has it. Only tests import it.
package pillowtest

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"testing"

	"resnet/data/pixels"
)

//go:embed pillow.py
var script string

// Case is a picture and what is done to it.
type Case struct {
	Op   string          `json:"op"`
	Mode string          `json:"mode"` // as Pillow names it
	Size [2]int          `json:"size"` // width and height
	Args json.RawMessage `json:"args"`
	Seed uint32          `json:"seed"`
	File []byte          `json:"file"` // of a picture that has no seed
	CRC  uint32          `json:"crc"`  // of the result,
	Want []byte          `json:"want"` // or the result itself, where a tolerance is needed
}

var modes = []string{1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}

func channels(t testing.TB, mode string) int {
	for c, m := range modes {
		if c > 0 && m == mode {
			return c
		}
	}
	t.Fatalf("mode %q, want one of %q", mode, modes[1:])
	return 0
}

// Golden reads the golden values of a file that pillow.py has written.
func Golden(t *testing.T, path string) []Case {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []Case
	for d := json.NewDecoder(f); ; {
		var c Case
		if err := d.Decode(&c); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%s: case %d: %v", path, len(all), err)
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		t.Fatalf("%s is empty", path)
	}
	return all
}

// Image returns the picture of the case.
func (c Case) Image(t testing.TB) *pixels.Image {
	m := pixels.New(c.Size[0], c.Size[1], channels(t, c.Mode))
	Noise(c.Seed, m.Pix)
	return m
}

// Noise fills p with the bytes that the script draws from a seed.
func Noise(seed uint32, p []byte) {
	for i := range p {
		seed = seed*1664525 + 1013904223
		p[i] = byte(seed >> 24)
	}
}

// Parse reads the arguments of the case.
func (c Case) Parse(t testing.TB, to any) {
	if err := json.Unmarshal(c.Args, to); err != nil {
		t.Fatalf("%s: %v", c.Args, err)
	}
}

// Check compares a result with the golden one.
func (c Case) Check(t testing.TB, got *pixels.Image) {
	t.Helper()
	sum := uint32(0)
	for y := range got.H {
		sum = crc32.Update(sum, crc32.IEEETable, got.Row(y))
	}
	if sum != c.CRC {
		t.Errorf("%s of %s %v, %s: other bytes than Pillow's", c.Op, c.Mode, c.Size, c.Args)
	}
}

// Pillow is a running Python.
type Pillow struct {
	in  io.WriteCloser
	out *bufio.Reader
}

// Start starts the Python that RESNET_PILLOW names, and skips the test if the variable is not set.
func Start(t testing.TB) *Pillow {
	python := os.Getenv("RESNET_PILLOW")
	if python == "" {
		t.Skip("RESNET_PILLOW names no Python with Pillow")
	}
	cmd := exec.Command(python, "-c", script, "serve")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", python, err)
		}
	})
	return &Pillow{in, bufio.NewReader(out)}
}

// Do returns what Pillow makes of a picture.
func (p *Pillow) Do(t testing.TB, op string, m *pixels.Image, args any) *pixels.Image {
	t.Helper()
	return p.Send(t, op, modes[m.C], [2]int{m.W, m.H}, m.Pix, args)
}

// Send is Do for content in any of Pillow's modes, or for a file, whose mode is "".
func (p *Pillow) Send(t testing.TB, op, mode string, size [2]int, content []byte, args any) *pixels.Image {
	t.Helper()
	head, err := json.Marshal(map[string]any{"op": op, "mode": mode, "size": size, "args": args, "bytes": len(content)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.in.Write(append(append(head, '\n'), content...)); err != nil {
		t.Fatal(err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Mode  string
		Size  [2]int
		Bytes int
	}
	if err := json.Unmarshal(line, &answer); err != nil {
		t.Fatal(err)
	}
	m := pixels.New(answer.Size[0], answer.Size[1], channels(t, answer.Mode))
	if len(m.Pix) != answer.Bytes {
		t.Fatalf("%s: %d bytes of %s %v", op, answer.Bytes, answer.Mode, answer.Size)
	}
	if _, err := io.ReadFull(p.out, m.Pix); err != nil {
		t.Fatal(err)
	}
	return m
}

// Same fails at the first byte in which two pictures differ.
func Same(t testing.TB, what any, got, want *pixels.Image) {
	t.Helper()
	if got.W != want.W || got.H != want.H || got.C != want.C {
		t.Fatalf("%v: %dx%dx%d, want %dx%dx%d", what, got.H, got.W, got.C, want.H, want.W, want.C)
	}
	for y := range want.H {
		for i, v := range want.Row(y) {
			if g := got.Row(y)[i]; g != v {
				t.Fatalf("%v: %d at row %d, column %d, channel %d, want %d", what, g, y, i/want.C, i%want.C, v)
			}
		}
	}
}
