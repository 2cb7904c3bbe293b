package manifest

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"resnet/data/memory"
)

// maxLine bounds a line of columns between spaces, and of JSON.
const maxLine = 1 << 20

// open tells the format by the first line, and reads as far as the first row's place.
func open(r *bufio.Reader, columns []string, exists func(string) bool) (source, error) {
	head, err := r.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return nil, errors.New("text in UTF-16, want UTF-8 (save it as CSV UTF-8)")
	}
	if bytes.HasPrefix(head, []byte("\ufeff")) {
		if _, err := r.Discard(len("\ufeff")); err != nil {
			return nil, err
		}
	}
	first, err := firstLine(r)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(strings.TrimSpace(first), "{") {
		if len(columns) > 0 {
			return nil, errors.New("columns for JSON lines, whose keys name them")
		}
		return &jsonLines{lines: newLines(r)}, nil
	}
	var t table
	if comma := delimiter(first); comma == ' ' {
		t.cells, t.hint = &spaced{lines: newLines(r)}, "a path with spaces needs commas or tabs between columns"
	} else {
		t.cells, t.hint = newSeparated(r, comma), fmt.Sprintf("%q in a cell needs quotes around it", comma)
	}
	return &t, t.begin(columns, exists)
}

// firstLine returns the first line that is not blank, or its beginning, without reading it.
func firstLine(r *bufio.Reader) (string, error) {
	b, err := r.Peek(r.Size())
	if err != nil && err != io.EOF {
		return "", err
	}
	if bytes.IndexByte(b, 0) >= 0 {
		return "", errors.New("has zero bytes, want a table in UTF-8")
	}
	line, _, _ := strings.Cut(strings.TrimLeft(string(b), " \t\r\n"), "\n")
	if line == "" {
		return "", errors.New("empty, want a table of pictures and labels")
	}
	return line, nil
}

// delimiter is a tab, a semicolon or a comma, the first of these that a line has outside quotes, else a space.
func delimiter(line string) rune {
	var has [3]bool
	const all = "\t;,"
	quoted := false
	for _, c := range line {
		if c == '"' {
			quoted = !quoted
		}
		if i := strings.IndexRune(all, c); i >= 0 && !quoted {
			has[i] = true
		}
	}
	for i, c := range all {
		if has[i] {
			return c
		}
	}
	return ' '
}

// cells reads a table's rows as they are.
type cells interface {
	read() ([]string, error)
	line() int
}

// table is a source of rows in columns.
type table struct {
	cells
	layout layout
	first  []string // a row that was read to tell whether it is a header, and is none
	width  int      // columns of a row
	hint   string   // what to do about a row of another width
}

// begin reads the first row.
func (t *table) begin(columns []string, exists func(string) bool) error {
	first, err := t.read()
	if err == io.EOF {
		return errors.New("empty, want a table of pictures and labels")
	}
	if err != nil {
		return fmt.Errorf("line %d: %w", t.line(), err)
	}
	t.width = len(first)
	header := false
	if t.layout, header, err = layoutOf(first, columns, exists); !header {
		t.first = first
	}
	return err
}

func (t *table) next() (*row, error) {
	now := t.first
	t.first = nil
	if now == nil {
		var err error
		if now, err = t.read(); err != nil {
			return nil, err
		}
	}
	if len(now) != t.width {
		return nil, fmt.Errorf("%d columns, want %d as in the first line (%s)", len(now), t.width, t.hint)
	}
	return t.layout.row(now)
}

// separated reads columns between commas, semicolons or tabs.
type separated struct {
	*csv.Reader
	at int
}

func newSeparated(r io.Reader, comma rune) *separated {
	c := csv.NewReader(r)
	c.Comma, c.FieldsPerRecord = comma, -1
	c.TrimLeadingSpace = comma != '\t' // where it would take empty cells for space
	return &separated{Reader: c}
}

func (s *separated) read() ([]string, error) {
	row, err := s.Read()
	if e := (*csv.ParseError)(nil); errors.As(err, &e) {
		s.at = e.StartLine
		return nil, e.Err
	}
	if err == nil {
		s.at, _ = s.FieldPos(0)
	}
	return row, err
}

func (s *separated) line() int { return s.at }

// lines reads lines that are not blank.
type lines struct {
	s  *bufio.Scanner
	at int
}

func newLines(r io.Reader) *lines {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	return &lines{s: s}
}

func (l *lines) read() ([]byte, error) {
	for l.s.Scan() {
		l.at++
		if b := bytes.TrimSpace(l.s.Bytes()); len(b) > 0 {
			return b, nil
		}
	}
	switch err := l.s.Err(); {
	case err == nil:
		return nil, io.EOF
	case errors.Is(err, bufio.ErrTooLong):
		l.at++
		return nil, fmt.Errorf("more than %s, want at most that", memory.Format(maxLine))
	default:
		return nil, err
	}
}

func (l *lines) line() int { return l.at }

// spaced reads columns between spaces.
type spaced struct{ *lines }

func (s *spaced) read() ([]string, error) {
	b, err := s.lines.read()
	return strings.Fields(string(b)), err
}

// jsonLines reads an object a line.
type jsonLines struct{ *lines }

func (j *jsonLines) next() (*row, error) {
	b, err := j.read()
	if err != nil {
		return nil, err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(b, &object); err != nil {
		return nil, fmt.Errorf("not an object of JSON: %w", err)
	}
	var keys, values []string
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if l, _ := named([]string{key}); l == (layout{-1, -1, -1, -1}) {
			continue
		}
		value, err := scalar(object[key])
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", key, err)
		}
		keys, values = append(keys, key), append(values, value)
	}
	l, _ := named(keys)
	return l.row(values)
}

// scalar is a text, or a number or truth value as it is written; null is nothing.
func scalar(raw json.RawMessage) (string, error) {
	switch raw[0] {
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	case '{', '[':
		return "", fmt.Errorf("%.40s, want a text or a number", raw)
	case 'n':
		return "", nil
	}
	return string(raw), nil
}
