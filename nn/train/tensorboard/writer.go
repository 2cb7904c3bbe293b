package tensorboard

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"resnet/nn"
)

// A Writer writes one event file. Events are kept in memory until Flush, and the file is open only while Flush writes,
// so that there is nothing to close. It is for one goroutine at a time.
type Writer struct {
	path   string
	file   *sync.Mutex // held while Flush writes
	now    func() time.Time
	first  bool            // of the event files in its directory
	buffer []byte          // records that are not yet in the file
	known  map[string]bool // tags whose metadata was written
}

// origin is what a file's name and its events say of who wrote them.
type origin struct {
	now  func() time.Time
	host string
	pid  int
}

func thisProcess() origin {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return origin{time.Now, host, os.Getpid()}
}

// Create begins a new event file in dir, which it makes if need be: events.out.tfevents.<seconds>.<host>.<pid>.0, the
// seconds since 1970. Where dir has event files the new one continues them: what they hold of step first and later is
// void, recorded before the run was stopped, and will be recorded again. TensorBoard reads a directory's files in the
// order of their names, so the seconds are always above those of the others, even if clocks are not.
func Create(dir string, first int64) (*Writer, error) {
	return create(dir, first, thisProcess())
}

const filePrefix = "events.out.tfevents."

func create(dir string, first int64, o origin) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	last, err := lastFile(dir)
	if err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	name := fmt.Sprintf("%s%010d.%s.%d.0", filePrefix, max(o.now().Unix(), last+1), o.host, o.pid)
	w := &Writer{
		path: filepath.Join(dir, name), file: new(sync.Mutex), now: o.now, first: last == 0, known: map[string]bool{},
	}
	w.event(0, eventFileVersion, []byte("brain.Event:2"))
	// TensorBoard takes the first start that it reads in a directory for the beginning of the run, and each later one
	// as a restart that voids steps. So every file must have one.
	var log message
	log.int(1, sessionStart)
	w.event(first, eventSessionLog, log)
	return w, w.write(os.O_CREATE | os.O_EXCL)
}

// lastFile is the number of seconds in the name of the last event file in dir, or 0 where there is none.
func lastFile(dir string) (seconds int64, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if rest, ok := strings.CutPrefix(e.Name(), filePrefix); ok {
			digits, _, _ := strings.Cut(rest, ".")
			if n, err := strconv.ParseInt(digits, 10, 64); err == nil { // other programs may choose other names
				seconds = max(seconds, n)
			}
		}
	}
	return seconds, nil
}

// beside is a writer of the same file for another goroutine. No tag may be written by both.
func (w *Writer) beside() *Writer {
	return &Writer{path: w.path, file: w.file, now: w.now, known: map[string]bool{}}
}

// Flush writes what there is to the file.
func (w *Writer) Flush() error {
	if len(w.buffer) == 0 {
		return nil
	}
	return w.write(os.O_APPEND)
}

func (w *Writer) write(flag int) error {
	w.file.Lock()
	defer w.file.Unlock()
	f, err := os.OpenFile(w.path, os.O_WRONLY|flag, 0o644)
	if err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	_, err = f.Write(w.buffer)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	w.buffer = w.buffer[:0]
	return nil
}

// event adds an Event of one field that says what happened.
func (w *Writer) event(step int64, what protowire.Number, payload []byte) {
	var m message
	m.double(1, seconds(w.now()))
	m.int(2, step)
	m.bytes(what, payload)
	w.buffer = appendRecord(w.buffer, m)
}

// value adds an event of one tag.
func (w *Writer) value(step int64, v message) {
	var summary message
	summary.bytes(1, v)
	w.event(step, eventSummary, summary)
}

// once is d the first time that a tag is written, then nil.
func (w *Writer) once(tag string, d metadata) *metadata {
	if w.known[tag] {
		return nil
	}
	w.known[tag] = true
	return &d
}

// A Scalar is a number to plot. The file holds a float32 of it.
type Scalar struct {
	Tag         string // "loss/train" is plotted in the group loss
	Value       float64
	Description string // Markdown, shown beside the plot
}

// Scalars adds a step's scalars.
func (w *Writer) Scalars(step int64, scalars ...Scalar) {
	var summary message
	for _, s := range scalars {
		v := tagged(s.Tag, w.once(s.Tag, metadata{plugin: "scalars", description: s.Description, class: classScalar}))
		v.float(valueScalar, float32(s.Value))
		summary.bytes(1, v)
	}
	w.event(step, eventSummary, summary)
}

// Histogram adds the distribution of values. NaN and infinity are not counted.
func (w *Writer) Histogram(tag string, step int64, values []float32) {
	v := tagged(tag, nil)
	v.bytes(valueHistogram, newHistogram(values).encode())
	w.value(step, v)
}

// Image adds a picture, the bytes of a PNG file.
func (w *Writer) Image(tag string, step int64, file []byte) error {
	image, err := encodeImage(file)
	if err != nil {
		return fmt.Errorf("tensorboard: %s: %w", tag, err)
	}
	v := tagged(tag, nil)
	v.bytes(valueImage, image)
	w.value(step, v)
	return nil
}

// Text adds text in Markdown.
func (w *Writer) Text(tag string, step int64, markdown string) {
	v := tagged(tag, w.once(tag, metadata{plugin: "text", class: classTensor}))
	v.bytes(valueTensor, encodeTensor(typeString, markdown))
	w.value(step, v)
}

// Graph adds the network. A directory shows one: the last.
func (w *Writer) Graph(g *nn.Graph) { w.event(0, eventGraph, encodeGraph(g)) }

// hparams adds a tag that is all metadata.
func (w *Writer) hparams(tag string, field protowire.Number, info message) {
	var content message
	content.bytes(field, info)
	v := tagged(tag, &metadata{plugin: "hparams", content: content, class: classTensor})
	v.bytes(valueTensor, encodeTensor(typeFloat)) // a tensor must be there, and has no elements
	w.value(0, v)
}
