package tensorboard

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"resnet/nn/internal/prototest"
)

// fields are those of a decoded message.
type fields prototest.Message

func decode(t testing.TB, b []byte) fields {
	t.Helper()
	return fields(prototest.Decode(t, b))
}

func (f fields) has(num protowire.Number) bool { return len(f[num]) > 0 }

func (f fields) int(num protowire.Number) int64 { return int64(f[num][0].Number) }

func (f fields) string(num protowire.Number) string {
	if !f.has(num) {
		return ""
	}
	return string(f[num][0].Bytes)
}

func (f fields) float(num protowire.Number) float32 {
	return math.Float32frombits(uint32(f[num][0].Number))
}

func (f fields) double(num protowire.Number) float64 { return math.Float64frombits(f[num][0].Number) }

func (f fields) doubles(num protowire.Number) (v []float64) {
	for b := f[num][0].Bytes; len(b) > 0; b = b[8:] {
		v = append(v, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	return v
}

func (f fields) messages(t testing.TB, num protowire.Number) (v []fields) {
	t.Helper()
	for _, m := range f[num] {
		v = append(v, decode(t, m.Bytes))
	}
	return v
}

// records splits a file into its records and verifies their checksums.
func records(t testing.TB, b []byte) (all [][]byte) {
	t.Helper()
	sum := func(p, stored []byte) {
		if got, want := unmasked(binary.LittleEndian.Uint32(stored)), checksum(p); got != want {
			t.Fatalf("record %d: checksum %08x, want %08x", len(all), got, want)
		}
	}
	for len(b) > 0 {
		n := int(binary.LittleEndian.Uint64(b))
		sum(b[:8], b[8:])
		sum(b[12:12+n], b[12+n:])
		all = append(all, b[12:12+n])
		b = b[16+n:]
	}
	return all
}

// eventsOf returns the events of a file.
func eventsOf(t testing.TB, path string) (events []fields) {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	for _, r := range records(t, b) {
		events = append(events, decode(t, r))
	}
	return events
}

// listing returns a file as text, with a line for each event, or for each value of an event.
func listing(t testing.TB, path string) string {
	t.Helper()
	var b strings.Builder
	for _, e := range eventsOf(t, path) {
		at := fmt.Sprintf("%.2f %d ", e.double(1), e.int(2))
		switch {
		case e.has(3):
			fmt.Fprintf(&b, "%sversion %s\n", at, e.string(3))
		case e.has(4):
			for _, n := range decode(t, e[4][0].Bytes).messages(t, 1) {
				fmt.Fprintf(&b, "%snode %s\n", at, nodeListing(t, n))
			}
		case e.has(5):
			for _, v := range e.messages(t, 5)[0].messages(t, 1) {
				fmt.Fprintf(&b, "%s%s\n", at, valueListing(t, v))
			}
		case e.has(7):
			fmt.Fprintf(&b, "%ssession %d\n", at, e.messages(t, 7)[0].int(1))
		}
	}
	return b.String()
}

func nodeListing(t testing.TB, n fields) string {
	s := n.string(1) + " = " + n.string(2)
	for _, in := range n[3] {
		s += " " + string(in.Bytes)
	}
	for _, a := range n.messages(t, 5) {
		s += fmt.Sprintf(", %s ", a.string(1))
		v := a.messages(t, 2)[0]
		switch {
		case v.has(1):
			var dims []int64
			for _, d := range v.messages(t, 1)[0].messages(t, 7)[0].messages(t, 2) {
				dims = append(dims, d.int(1))
			}
			s += fmt.Sprint(dims)
		case v.has(2):
			s += v.string(2)
		case v.has(3):
			s += fmt.Sprint(v.int(3))
		case v.has(4):
			s += fmt.Sprint(v.float(4))
		case v.has(5):
			s += fmt.Sprint(v.int(5) == 1)
		}
	}
	return s
}

func valueListing(t testing.TB, v fields) string {
	s := v.string(1)
	if v.has(9) {
		d := v.messages(t, 9)[0]
		s += fmt.Sprintf(" (%s, class %d)", d.messages(t, 1)[0].string(1), d.int(4))
	}
	switch {
	case v.has(2):
		s += fmt.Sprint(" scalar ", v.float(2))
	case v.has(4):
		i := v.messages(t, 4)[0]
		s += fmt.Sprintf(" image %dx%dx%d of %d bytes", i.int(1), i.int(2), i.int(3), len(i.string(4)))
	case v.has(5):
		h := v.messages(t, 5)[0]
		s += fmt.Sprintf(" histogram of %g in %g to %g, sum %g, squares %g:", h.double(3), h.double(1), h.double(2),
			h.double(4), h.double(5))
		limits := h.doubles(6)
		for i, n := range h.doubles(7) {
			if n > 0 {
				s += fmt.Sprintf(" %g below %.6g", n, limits[i])
			}
		}
	case v.has(8):
		x := v.messages(t, 8)[0]
		s += fmt.Sprintf(" tensor of type %d, %d elements", x.int(1), x.messages(t, 2)[0].messages(t, 2)[0].int(1))
		if x.has(8) {
			s += fmt.Sprintf(": %q", x.string(8))
		}
	}
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
