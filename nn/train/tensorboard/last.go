package tensorboard

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// lastStep returns the last step up to most of which the event files in dir have values, or 0. What comes after a
// record that is damaged or cut off, as a process leaves it that was killed, does not count: nobody reads it.
func lastStep(dir string, most int64) (last int64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), filePrefix) || !e.Type().IsRegular() {
			continue
		}
		f, err := os.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		last = max(last, lastStepIn(f, most))
		f.Close()
	}
	return last
}

// lastStepIn is lastStep of one file. It reads the head of each record, so what a record claims to hold is never
// allocated.
func lastStepIn(r io.Reader, most int64) (last int64) {
	const head = 32 // bytes, more than the time, the step and the kind of an event
	b := bufio.NewReaderSize(r, 1<<16)
	for {
		var prefix [12]byte
		if _, err := io.ReadFull(b, prefix[:]); err != nil {
			return last
		}
		length := binary.LittleEndian.Uint64(prefix[:])
		if maskedCRC(prefix[:8]) != binary.LittleEndian.Uint32(prefix[8:]) || length > 1<<40 {
			return last
		}
		event, _ := b.Peek(int(min(length, head)))
		step, isSummary := stepOfEvent(event)
		if _, err := io.CopyN(io.Discard, b, int64(length)+4); err != nil {
			return last
		}
		if isSummary && step <= most {
			last = max(last, step)
		}
	}
}

// stepOfEvent reads the beginning of an Event, whose fields come in the order of their numbers.
func stepOfEvent(b []byte) (step int64, isSummary bool) {
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 || field > 2 {
			return step, n >= 0 && field == eventSummary
		}
		b = b[n:]
		if field == 2 && kind == protowire.VarintType {
			u, _ := protowire.ConsumeVarint(b)
			step = int64(u)
		}
		if n = protowire.ConsumeFieldValue(field, kind, b); n < 0 {
			return 0, false
		}
		b = b[n:]
	}
	return 0, false
}
