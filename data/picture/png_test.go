package picture

import (
	"strings"
	"testing"
)

// A PNG that is cut is refused, and the good rows are said.
func TestPNGCut(t *testing.T) {
	m := pngOf(t, picture())
	big := bigPNG(t, 100, 1000, 8, 0, 0, 1000)
	for _, c := range []struct {
		name, want string
		file       []byte
	}{
		{"in the end chunk", "truncated png: its data are good up to row 24 of 24", m[:len(m)-8]},
		{"in the data", "truncated png: its data are good up to row ", big[:len(big)-60]},
		{"rows left out", "truncated png: its data are good up to row 700 of 1000", bigPNG(t, 100, 1000, 8, 0, 0, 700)},
		{"in the header", "truncated png", m[:20]},
	} {
		if _, err := readBytes(c.file, 8, 8, 1, false); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}
