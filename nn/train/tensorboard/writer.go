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

	"resnet/data/atomicfile"
	"resnet/nn"
)

// A Writer writes one event file. Events are kept in memory until Flush. The file is open only during Flush, so there
// is nothing to close. A Writer is for one goroutine at a time.
type Writer struct {
	path   string
	file   *file
	now    func() time.Time
	first  bool            // the first event file of its directory
	buffer []byte          // records that are not yet in the file
	known  map[string]bool // tags whose metadata has been written
}

// file is what Writers of the same file share.
type file struct {
	sync.Mutex // held while Flush writes
	fs         atomicfile.FS
	size       int64 // of the whole records
	torn       bool  // a write has failed, so there may be a part of one behind them
}

// origin is the process that writes a file, which the name of the file tells, its clock and its file system.
type origin struct {
	now  func() time.Time
	host string
	pid  int
	fs   atomicfile.FS // nil: the machine's
}

func thisProcess() origin {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return origin{now: time.Now, host: host, pid: os.Getpid()}
}

// Create creates an event file in dir, and dir if it does not exist: events.out.tfevents.<seconds>.<host>.<pid>.0, in
// seconds since 1970. If dir has event files the new one continues them, and voids their events of step first and
// later, which a resumed run records again. TensorBoard reads the files of a directory in the order of their names, so
// the seconds are above those of all other files, even if the clock was put back.
func Create(dir string, first int64) (*Writer, error) {
	return create(dir, first, thisProcess())
}

const filePrefix = "events.out.tfevents."

func create(dir string, first int64, o origin) (*Writer, error) {
	if o.fs == nil {
		o.fs = atomicfile.OS
	}
	if err := atomicfile.MkdirAll(o.fs, dir); err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	last, err := lastFile(dir)
	if err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	name := fmt.Sprintf("%s%010d.%s.%d.0", filePrefix, max(o.now().Unix(), last+1), o.host, o.pid)
	w := &Writer{
		path: filepath.Join(dir, name), file: &file{fs: o.fs}, now: o.now, first: last == 0, known: map[string]bool{},
	}
	w.event(0, eventFileVersion, []byte("brain.Event:2"))
	// TensorBoard takes the first session start in a directory as that of the run and each later one as a restart,
	// which voids later steps. So every file needs one.
	var log message
	log.int(1, sessionStart)
	w.event(first, eventSessionLog, log)
	return w, w.write(os.O_CREATE | os.O_EXCL)
}

// lastFile returns the seconds in the name of the last event file in dir, or 0 if there is none.
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

// beside returns another Writer of the same file, for use on another goroutine. The two must not write the same tag.
func (w *Writer) beside() *Writer {
	return &Writer{path: w.path, file: w.file, now: w.now, known: map[string]bool{}}
}

// maxKept is how many bytes of events that could not be written are kept for the next try.
const maxKept = 16 << 20

// Flush appends all events in memory to the file. If that fails it keeps them for the next Flush, unless they have
// become too many.
func (w *Writer) Flush() error {
	if len(w.buffer) == 0 {
		return nil
	}
	return w.write(os.O_APPEND)
}

func (w *Writer) write(flag int) error {
	if err := w.file.append(w.path, flag, w.buffer); err != nil {
		if len(w.buffer) > maxKept {
			w.buffer = nil
		}
		return fmt.Errorf("tensorboard: %w", err)
	}
	w.buffer = w.buffer[:0]
	return nil
}

// append writes records behind those that are there. A reader stops at a part of a record, so one that an earlier write
// has left is cut off first.
func (f *file) append(path string, flag int, records []byte) error {
	f.Lock()
	defer f.Unlock()
	out, err := f.fs.OpenFile(path, os.O_WRONLY|flag, 0o666)
	if err != nil {
		return err
	}
	if f.torn {
		err = out.Truncate(f.size)
	}
	if err == nil {
		f.torn = true
		_, err = out.Write(records)
	}
	if e := out.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	f.torn = false
	f.size += int64(len(records))
	return nil
}

// event adds an Event whose field what is payload.
func (w *Writer) event(step int64, what protowire.Number, payload []byte) {
	var m message
	m.double(1, seconds(w.now()))
	m.int(2, step)
	m.bytes(what, payload)
	w.buffer = appendRecord(w.buffer, m)
}

// value adds an event with a value of one tag.
func (w *Writer) value(step int64, v message) {
	var summary message
	summary.bytes(1, v)
	w.event(step, eventSummary, summary)
}

// once returns d at the first call with a tag, and nil after that.
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

// Histogram adds the distribution of values; NaN and infinities are not counted.
func (w *Writer) Histogram(tag string, step int64, values []float32) {
	v := tagged(tag, nil)
	v.bytes(valueHistogram, newHistogram(values).encode())
	w.value(step, v)
}

// Image adds an image; file is a PNG file.
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

// Graph adds the network. TensorBoard shows only the last one in a directory.
func (w *Writer) Graph(g *nn.Graph) { w.event(0, eventGraph, encodeGraph(g)) }

// hparams adds a tag that has metadata and an empty value.
func (w *Writer) hparams(tag string, field protowire.Number, info message) {
	var content message
	content.bytes(field, info)
	v := tagged(tag, &metadata{plugin: "hparams", content: content, class: classTensor})
	v.bytes(valueTensor, encodeTensor(typeFloat)) // required, with no elements
	w.value(0, v)
}
