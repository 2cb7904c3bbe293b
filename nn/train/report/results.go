package report

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"resnet/nn/infer"
	"resnet/nn/internal/regular"
	"resnet/nn/train"
)

// Bounds of results.csv, above any that a run writes.
const (
	maxLine   = 64 << 10 // bytes
	maxEpochs = 1 << 17
)

func readResults(path string) ([]train.Row, error) {
	f, _, err := regular.Open("report", path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	defer f.Close()
	return readRows(f)
}

// readRows reads results.csv. Its columns may be in any order, with unknown ones among them; those of validation may be
// empty. No field spans lines.
func readRows(r io.Reader) ([]train.Row, error) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	var rows []train.Row
	var c *columns // nil before the first line
	for n := 1; s.Scan(); n++ {
		if s.Text() == "" {
			continue
		}
		fields, err := fieldsOf(s.Text())
		switch {
		case err != nil:
		case c == nil:
			c = newColumns(fields)
		case len(rows) == maxEpochs:
			err = fmt.Errorf("more than %d epochs", maxEpochs)
		default:
			var row train.Row
			row, err = c.row(fields)
			rows = append(rows, row)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	switch err := s.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("a line of more than %d bytes (a file of another program?)", maxLine)
	case err != nil:
		return nil, err
	case c == nil:
		return nil, errors.New("empty, want a line of column names")
	}
	return rows, nil
}

func fieldsOf(line string) ([]string, error) {
	if !strings.Contains(line, `"`) {
		return strings.Split(line, ","), nil
	}
	fields, err := csv.NewReader(strings.NewReader(line)).Read()
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		err = bad.Err // without the number of the line, which is always 1
	}
	return fields, err
}

// columns gives access to the fields of a line by column name. It keeps the first error of a line.
type columns struct {
	index  map[string]int // of the first of each name
	count  int
	fields []string
	err    error
}

func newColumns(names []string) *columns {
	c := &columns{index: map[string]int{}, count: len(names)}
	for i, name := range names {
		if _, ok := c.index[name]; !ok {
			c.index[name] = i
		}
	}
	return c
}

// row returns the epoch of a line. Losses and accuracies may be NaN, as diverged runs have them.
func (c *columns) row(fields []string) (train.Row, error) {
	if len(fields) != c.count {
		return train.Row{}, csv.ErrFieldCount
	}
	c.fields, c.err = fields, nil
	r := train.Row{
		Epoch: int(c.count64("epoch")), Step: c.count64("step"), LR: c.number("lr"),
		Train:   infer.Score{Loss: c.number("train_loss"), Accuracy: c.number("train_acc")},
		Seconds: c.amount("seconds"), ImagesPerSecond: c.amount("images_per_second"),
	}
	if c.text("val_loss") != "" {
		r.Val = &infer.Score{Loss: c.number("val_loss"), Accuracy: c.number("val_acc")}
	}
	return r, c.err
}

func (c *columns) text(name string) string {
	i, ok := c.index[name]
	if !ok {
		if c.err == nil {
			c.err = fmt.Errorf("no column %s", name)
		}
		return ""
	}
	return c.fields[i]
}

func (c *columns) number(name string) float64 {
	x, err := strconv.ParseFloat(c.text(name), 64)
	if err != nil {
		c.fail(name, "a number")
	}
	return x
}

// amount is a number that can be added up.
func (c *columns) amount(name string) float64 {
	const most = 1e12
	x := c.number(name)
	if !(x >= 0 && x <= most) {
		c.fail(name, fmt.Sprintf("a number from 0 to %g", most))
	}
	return x
}

// count64 is a whole number.
func (c *columns) count64(name string) int64 {
	const most = 1 << 53
	x := c.number(name)
	if !(x >= 0 && x <= most && x == math.Trunc(x)) {
		c.fail(name, fmt.Sprintf("a whole number from 0 to %d", most))
		return 0
	}
	return int64(x)
}

func (c *columns) fail(name, want string) {
	if c.err == nil {
		c.err = fmt.Errorf("%s %.40q, want %s", name, c.text(name), want)
	}
}
