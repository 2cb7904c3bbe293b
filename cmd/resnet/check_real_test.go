package main

import (
	"os"
	"path/filepath"
	"testing"
)

// What data check says of the sets that data/fetch-real.sh fetches, where $RESNET_REAL_DATA has them. The numbers are
// counted by find and by the heads of the files: 8,121 paths of which 711 are links within a class, 15 pictures of more
// than 100 megapixels, and so on.
func TestDataCheckReal(t *testing.T) {
	dir := os.Getenv("RESNET_REAL_DATA")
	if dir == "" {
		t.Skip("$RESNET_REAL_DATA has no folder")
	}
	for _, c := range []struct{ path, verdict string }{
		{"openclipart", "7,395 usable of 7,410 pictures in 22 classes; 15 too large; 481 under two labels; " +
			"711 files passed over"},
		{"tuxpaint", "796 usable of 796 pictures in 16 classes; 1 under two labels; 9,601 files passed over"},
		{"elpv/labels.csv", "2,624 usable of 2,624 pictures in 4 classes"},
	} {
		var got struct{ Verdict string }
		out := succeed(t, "data", "check", filepath.Join(dir, c.path), "--on-bad-image", "skip", "--no-cache",
			"--format", "json")
		if decode(t, out, &got); got.Verdict != c.verdict {
			t.Errorf("%s: %s, want %s", c.path, got.Verdict, c.verdict)
		}
	}
}
