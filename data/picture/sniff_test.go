package picture

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Files that are no pictures, or pictures that are not read, are named.
func TestKinds(t *testing.T) {
	for content, want := range map[string]string{
		"\x00\x00\x00\x18ftypheic":                      "is a HEIC picture, which is not supported; convert it",
		"\x00\x00\x00\x1cftypmif1":                      "is a HEIC picture",
		"\x00\x00\x00\x20ftypavif":                      "is an AVIF picture",
		"\x00\x00\x00\x20ftypisom":                      "is a film, want a PNG, JPEG, GIF, WebP, BMP or TIFF picture",
		"\xff\x0a\xfa\x3f":                              "is a JPEG XL picture",
		"\x00\x00\x00\x0cJXL \r\n\x87\n":                "is a JPEG XL picture",
		"\x00\x00\x00\x0cjP  \r\n\x87\n":                "is a JPEG 2000 picture",
		"II+\x00\x08\x00\x00\x00":                       "is a BigTIFF picture",
		"8BPS\x00\x01":                                  "is a Photoshop picture",
		"P6\n2 2\n255\n":                                "is a Netpbm picture",
		"<svg xmlns='x'/>":                              "is an SVG drawing, which is not supported",
		"<?xml version='1.0'?>\n<!-- <html> -->\n<svg>": "is an SVG drawing",
		"\ufeff  <!-- a comment --> <!DOCTYPE HTML>":    "is an HTML page, want",
		"%PDF-1.7":          "is a PDF file, want",
		"PK\x03\x04":        "is a zip archive, want",
		"\x1f\x8b\x08":      "is a gzip file, want",
		"\x89HDF\r\n\x1a\n": "is an HDF5 file, want",
		"\x40\x00\x00\x00\x00\x00\x00\x00{\"a\":{}}":   "is a safetensors file, want",
		"\x00\x00\x08\x03\x00\x00\xea\x60":             "is an IDX file, want",
		"version https://git-lfs.github.com/spec/v1\n": "is a pointer of Git LFS, want",
		strings.Repeat("\x00", 3000):                   "begins with zeros only",
		"P7 is not one":                                "is a Netpbm picture",
		"\x89PNG\n\x1a\n\x00":                          "is a PNG whose line ends were changed",
		"P8\n":                                         "not a PNG, JPEG, GIF, WebP, BMP or TIFF picture",
		"\x89PNG\r\n":                                  "not a PNG, JPEG, GIF, WebP, BMP or TIFF picture",
		"\x89PNG\r\n\x1a\n":                            "truncated png",
		"\xff\xd8\xff":                                 "truncated jpeg",
		"GIF89a":                                       "truncated gif",
		"RIFF\x04\x00\x00\x00WEBP":                     "truncated webp",
		"RIFF\x04\x00\x00\x00WAVE":                     "is a film or a sound",
		"BM":                                           "truncated bmp",
		"MM\x00*":                                      "truncated tiff",
	} {
		if _, err := readBytes([]byte(content), 8, 8, 1, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: error %v, want one with %q", content, err, want)
		}
	}
}

func TestMeant(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		content string
		want    bool
	}{
		"noextension": {"\xff\xd8\xff\xe0", true}, "photo.heic.backup": {"\x00\x00\x00\x18ftypheic", true},
		"empty.PNG": {"", true}, "empty": {"", false}, "notes.txt": {"notes", false}, "paper.pdf": {"%PDF-1.7", false},
		"weights.safetensors": {"\x40\x00\x00\x00\x00\x00\x00\x00{\"a\":{}}", false},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := Meant(path); got != c.want {
			t.Errorf("%s: meant to be a picture %v, want %v", name, got, c.want)
		}
	}
	if Meant(dir) || Meant(filepath.Join(dir, "none.png")) {
		t.Error("a folder or a file that is not there is meant to be a picture")
	}
}
