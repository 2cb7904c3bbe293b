package manifest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resnet/data/memory/memorytest"
	"resnet/data/samples"
)

// write writes a manifest, and beside it empty files.
func write(t *testing.T, content string, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "labels.csv")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// list has a line for each sample and each other.
func list(s *samples.Set) (lines []string) {
	for _, x := range s.Samples {
		lines = append(lines, fmt.Sprintf("%s %s %s %v", x.Split, s.Classes[x.Class], filepath.ToSlash(x.Path),
			x.Weight))
	}
	for _, o := range s.Others {
		lines = append(lines, filepath.ToSlash(o.String()))
	}
	return lines
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		content, columns string
		want             []string
	}{
		"header": {"label,path\ncat,a.png\ndog,d/b.png\n", "", []string{"train cat a.png 1",
			"train dog d/b.png 1"}},
		"no header":       {"a.png,cat\nd/b.png,dog\n", "", []string{"train cat a.png 1", "train dog d/b.png 1"}},
		"no last newline": {"a.png,cat\nd/b.png,dog", "", []string{"train cat a.png 1", "train dog d/b.png 1"}},
		"semicolons":      {"File;Class\na.png;cat, big\n", "", []string{"train cat, big a.png 1"}},
		"tabs":            {"image\tx\tcategory\na.png\t\tcat\n", "", []string{"train cat a.png 1"}},
		"quotes": {"file_name,label\n\"q,u \"\"o\"\".png\",\"c\nat\"\n", "",
			[]string{"train c\nat q,u \"o\".png 1"}},
		"spaces": {"a.png  1.0   mono\nd/b.png  0.3333333333333333 poly\n", "",
			[]string{"train 0.3333333333333333 d/b.png 1", "train 1.0 a.png 1"}},
		"BOM and CRLF": {"\ufeffpath,label\r\na.png,cat\r\n\r\nd/b.png,dog\r\n", "",
			[]string{"train cat a.png 1", "train dog d/b.png 1"}},
		"split and weight": {"path,label,split,weight\na.png,x,valid,0.5\nd/b.png,x,,\na.png,x,TEST,1e-3\n", "",
			[]string{"train x d/b.png 1", "val x a.png 0.5", "test x a.png 0.001"}},
		"columns":                {"cat;a.png;test\n", "label,path,split", []string{"test cat a.png 1"}},
		"columns and a header":   {"id,where,breed\n1,a.png,cat\n", "-,path,label", []string{"train cat a.png 1"}},
		"columns, not the first": {"1,a.png,cat,x\n", "-,path,label", []string{"train cat a.png 1"}},
		"missing": {"path,label\nnone.png,cat\na.png,cat\n", "", []string{"train cat a.png 1",
			"none.png: missing"}},
		"first is missing": {"none.png,cat\na.png,cat\n", "", []string{"train cat a.png 1",
			"none.png: missing"}},
		"no suffix": {"nosuffix,cat\n", "", []string{"train cat nosuffix 1"}},
		"twice": {"path,label\na.png,x\n./a.png,x\na.png,y\n", "", []string{"train x a.png 1",
			"train y a.png 1", "a.png: named twice"}},
		"backslashes":               {"path,label\nd\\b.png,x\n", "", []string{"train x d/b.png 1"}},
		"a file called as a header": {"path,cat\na.png,dog\n", "", []string{"train cat path 1", "train dog a.png 1"}},
		"json lines": {`{"file_name": "a.png", "label": 3, "text": {"x": 1}}` + "\n\n" +
			`{"label": "Ä", "file_name": "d/b.png", "split": "test", "weight": 2}` + "\n", "",
			[]string{"train 3 a.png 1", "test Ä d/b.png 2"}},
		"json numbers as written": {`{"path": "a.png", "label": 1.0}`, "", []string{"train 1.0 a.png 1"}},
	} {
		var columns []string
		if c.columns != "" {
			columns = strings.Split(c.columns, ",")
		}
		files := []string{"a.png", "d/b.png", "nosuffix"}
		switch name {
		case "quotes":
			files = []string{`q,u "o".png`}
		case "a file called as a header":
			files = append(files, "path")
		}
		s, err := Read(t.Context(), write(t, c.content, files...), columns)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := list(s); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Classes are sorted by their bytes, those whose files are all missing are set apart.
func TestClasses(t *testing.T) {
	s, err := Read(t.Context(), write(t, "path,label\na.png,10\na.png,9\nnone,8\na.png,Z\na.png,a\n", "a.png"), nil)
	if err != nil || !slices.Equal(s.Classes, []string{"10", "9", "Z", "a"}) || !slices.Equal(s.Empty, []string{"8"}) {
		t.Errorf("%v, classes %q, empty %q", err, s.Classes, s.Empty)
	}
}

func TestErrors(t *testing.T) {
	for content, want := range map[string]string{
		"":                                       "empty, want a table",
		" \n\n":                                  "empty, want a table",
		"path,label\n":                           "no rows, want a picture and its label",
		"path,label\nx.png,1\ny.png,2":           "none of the 2 files is there, as x.png (paths are relative",
		"path,breed\na.png,x\n":                  `header "path,breed" has no column label, class, category or target`,
		"a.png\n":                                `line 1: one column, "a.png", want a path and a label`,
		"id,breed\n1,x\n":                        `line 1: "id,breed" is neither a header with path and label nor`,
		"path,label\na.png\n":                    "line 2: 1 columns, want 2 as in the first line (',' in a cell",
		"a.png cat\nmy a.png cat":                "line 2: 3 columns, want 2 as in the first line (a path with spaces",
		"path,label\na.png,\n":                   "line 2: no label of a.png",
		"path,label\n,cat\n":                     "line 2: no path, want a picture file",
		"path,label\n\n\nhttps://x/a.png,cat\n":  "line 4: https://x/a.png is a URL, want a file (fetch it first)",
		"path,label\n\"a.png,cat\n":              "line 2: extraneous or missing \" in quoted-field",
		"path,label,split\na.png,x,dev\n":        `line 2: split "dev", want train, val or test`,
		"path,label,weight\na.png,x,-1\n":        `line 2: weight "-1", want a number of at least 0`,
		"path,label,weight\na.png,x,nan\n":       `line 2: weight "nan"`,
		"path,label,weight\na.png,x,1e99\n":      `line 2: weight "1e99"`,
		"\xff\xfep\x00a\x00":                     "text in UTF-16, want UTF-8",
		"\x89PNG\r\n\x1a\n\x00":                  "has zero bytes, want a table in UTF-8",
		"{\"path\": \"a.png\"}":                  "line 1: no label of a.png",
		"{\"path\": \"a.png\", \"label\": [1]}":  `line 1: key "label": [1], want a text or a number`,
		"{\"path\": \"a.png\", \"label\": 1}\n{": "line 2: not an object of JSON",
		"a.png " + strings.Repeat("x", 2<<20):    "line 1: more than 1.05 MB",
	} {
		_, err := Read(t.Context(), write(t, content, "a.png"), nil)
		if err == nil || !strings.HasPrefix(err.Error(), "manifest: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", content, err, want)
		}
	}
	for columns, want := range map[string]string{
		"path":           "columns path, want path and label among them",
		"path,-,label":   "line 1: 2 columns, want path,-,label",
		"label,category": "columns label,category, want path and label",
	} {
		_, err := Read(t.Context(), write(t, "a.png,cat\n", "a.png"), strings.Split(columns, ","))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("columns %s: %v, want %q", columns, err, want)
		}
	}
	if _, err := Read(t.Context(), write(t, `{"path":"a.png","label":1}`, "a.png"), []string{"path",
		"label"}); err == nil ||
		!strings.Contains(err.Error(), "columns for JSON lines") {
		t.Errorf("columns for JSON lines: %v", err)
	}
	for path, want := range map[string]string{t.TempDir(): "not a regular file", "none": "no such file"} {
		if _, err := Read(t.Context(), path, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, write(t, "path,label\na.png,cat\n", "a.png"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func seeds() []string {
	return []string{
		"", "path,label\na.png,cat\n", "a.png 1.0 mono\n", "path;label;split;weight\na;b;val;0.5\n",
		"\ufeffimage\tclass\r\n\"a\tb\"\tx\r\n", `{"path": "a", "label": 1.0, "split": "test"}`, "a.png,\"\n\n\n",
		strings.Repeat(",", 1000) + "\n", "{", "path,label\n" + strings.Repeat("\"", 1001),
	}
}

func FuzzManifest(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s), "")
		f.Add([]byte(s), "path,label,weight")
	}
	f.Fuzz(func(t *testing.T, in []byte, list string) {
		var columns []string
		if list != "" {
			columns = strings.Split(list, ",")
		}
		rows := 0
		err := parse(bytes.NewReader(in), columns, func(path string) bool { return len(path)%2 == 0 },
			func(x *row) error {
				rows++
				if x.path == "" || x.label == "" || !(x.weight >= 0) || int(x.split) >= samples.Splits {
					t.Fatalf("row %+v", x)
				}
				return nil
			})
		if rows > len(in) {
			t.Fatalf("%d rows of %d bytes", rows, len(in))
		}
		if err != nil && err.Error() == "" {
			t.Fatal("an error without a text")
		}
	})
}

// Reading takes memory by what the file has: buffers, and what a row is made of.
func TestManifestMemory(t *testing.T) {
	for i, s := range append(seeds(), strings.Repeat("a.png 1.0 mono\n", 10000)) {
		memorytest.Limit(t, 1<<18+20*uint64(len(s)), func() {
			_ = parse(strings.NewReader(s), nil, func(string) bool { return true }, func(*row) error { return nil })
		})
		if t.Failed() {
			t.Fatalf("seed %d", i)
		}
	}
}
