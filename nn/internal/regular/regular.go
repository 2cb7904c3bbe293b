// Package regular opens regular files for the readers of file formats.
package regular

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Open opens the regular file at path for reading and returns its size in bytes. The error names the format and the
// path once each.
func Open(format, path string) (f *os.File, size int64, err error) {
	defer func() {
		if err == nil {
			return
		}
		if f != nil {
			f.Close()
		}
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err // the text of pe repeats the path
		}
		f, err = nil, fmt.Errorf("%s: %s: %w", format, path, err)
	}()
	info, err := os.Stat(path) // before Open, which would wait for a pipe's writer
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("not a regular file")
	}
	if f, err = os.Open(path); err != nil {
		return nil, 0, err
	}
	if info, err = f.Stat(); err != nil {
		return f, 0, err
	}
	return f, info.Size(), nil
}
