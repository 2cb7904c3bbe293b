package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// asProgram makes the test binary be the program: tests run it as a process of its own, with real arguments, files,
// signals and exit statuses.
const asProgram = "RESNET_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	if signal.Ignored(syscall.SIGHUP) { // under nohup; the program's processes would inherit that
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	os.Exit(m.Run())
}

// command is the program as a process. What a GPU computes does not depend on measurements here, unless a test says so.
func command(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1", tuneVariable+"=off")
	return c
}

// resnet runs the program and returns what it wrote and its exit status.
func resnet(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	c := command(args...)
	var out, err bytes.Buffer
	c.Stdout, c.Stderr = &out, &err
	var exit *exec.ExitError
	if e := c.Run(); e != nil && !errors.As(e, &exit) {
		t.Fatal(e)
	}
	return out.String(), err.String(), c.ProcessState.ExitCode()
}

// succeed runs the program, which must exit with 0, and returns its stdout.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	out, err, code := resnet(t, args...)
	if code != 0 {
		t.Fatalf("resnet %s: exit status %d: %s", strings.Join(args, " "), code, err)
	}
	return out
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	if err := d.Decode(into); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	if d.More() {
		t.Fatalf("more than one JSON value in:\n%s", text)
	}
}

// The tests' data set: 12x12 images of 3 classes, each a bright bar at a place of its own on some noise.
const (
	side, classes = 12, 3
	testImages    = 20
)

// writeBars writes such a data set of n training images and returns its directory.
func writeBars(t *testing.T, n int) string {
	dir := t.TempDir()
	writeSplit(t, dir, "train", n)
	writeSplit(t, dir, "t10k", testImages)
	return dir
}

func writeSplit(t *testing.T, dir, stem string, n int) {
	pixels, labels := make([]byte, n*side*side), make([]byte, n)
	noise := uint32(n)
	for i := range pixels {
		noise = noise*1664525 + 1013904223 // Knuth's generator
		pixels[i] = byte(noise >> 27)
	}
	for i := range labels {
		labels[i] = byte(i % classes)
		row := pixels[(i*side+1+4*int(labels[i]))*side:][:2*side]
		for k := range row {
			row[k] += 200
		}
	}
	writeIDX(t, dir, stem, side, side, pixels, labels)
}

// writeShades writes a data set of so many classes, with labels of 32 bits as QMNIST has them: two images of each, one
// of them for training. The class is written in the pixels.
func writeShades(t *testing.T, classes int) string {
	dir := t.TempDir()
	for _, stem := range []string{"train", "t10k"} {
		pixels, labels := make([]byte, classes*side*side), []byte{0, 0, 0xc, 2}
		labels = binary.BigEndian.AppendUint32(labels, uint32(classes))
		labels = binary.BigEndian.AppendUint32(labels, 8)
		for i := range classes {
			binary.BigEndian.PutUint32(pixels[i*side*side:], uint32(i)*0x01000193)
			labels = append(binary.BigEndian.AppendUint32(labels, uint32(i)), make([]byte, 28)...)
		}
		writeIDX(t, dir, stem, side, side, pixels, make([]byte, classes))
		write(t, filepath.Join(dir, stem+"-labels-idx1-ubyte"), labels)
	}
	return dir
}

// writeIDX writes images of h x w pixels, and their labels, in MNIST's format.
func writeIDX(t *testing.T, dir, stem string, h, w int, pixels, labels []byte) {
	t.Helper()
	header := func(dims ...int) (b []byte) {
		b = []byte{0, 0, 8, byte(len(dims))} // unsigned bytes, so many dimensions
		for _, d := range dims {
			b = binary.BigEndian.AppendUint32(b, uint32(d))
		}
		return b
	}
	write(t, filepath.Join(dir, stem+"-images-idx3-ubyte"), append(header(len(labels), h, w), pixels...))
	write(t, filepath.Join(dir, stem+"-labels-idx1-ubyte"), append(header(len(labels)), labels...))
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tiny are the options of a small network on the data set in dir, on the CPU unless others say otherwise, without
// pictures.
func tiny(dir string, more ...string) []string {
	return append([]string{"train", "--dataset", "idx", "--data-dir", dir, "--base-channels", "4", "--hidden", "16",
		"--batch-size", "8", "--checkpoint-seconds", "0", "--no-plots", "--quiet", "--device", "cpu"}, more...)
}
