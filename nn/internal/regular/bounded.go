package regular

import (
	"fmt"
	"io"
	"os"
)

// ReadAtMost reads a file, or what a pipe brings, that has no reason to be larger than so many bytes.
func ReadAtMost(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		return nil, fmt.Errorf("%s: more than %d bytes, too many for what it should be", path, most)
	}
	return b, err
}
