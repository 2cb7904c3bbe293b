package data

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

func TestRegistry(t *testing.T) {
	if names := Names(); !slices.Contains(names, FashionMNIST) || !slices.Contains(names, IDX) {
		t.Errorf("names %v, want %s and %s among them", names, FashionMNIST, IDX)
	}
	seen := map[string]bool{}
	for i, d := range All() {
		if d.Name == "" || d.Name != Names()[i] || seen[d.Name] || d.About == "" || strings.Contains(d.About, "\n") {
			t.Errorf("%+v: want a name of its own and one line about it", d)
		}
		seen[d.Name] = true
		found, err := Lookup(d.Name)
		if err != nil || found.About != d.About || !slices.Equal(found.Classes, d.Classes) {
			t.Errorf("%s: looked up %+v, %v", d.Name, found, err)
		}
	}
	for _, e := range registry {
		if p, ok := e.(published); ok {
			checkPublished(t, p)
		}
	}
	// What a caller does to the names of classes is lost.
	for _, want := range []string{"T-shirt/top", "T-shirt/top"} {
		d, err := Lookup(FashionMNIST)
		if err != nil || d.Classes[0] != want {
			t.Errorf("class 0 is %q, want %q: %v", d.Classes[0], want, err)
		}
		d.Classes[0] = "changed"
	}
}

func checkPublished(t *testing.T, p published) {
	t.Helper()
	if len(p.Classes) < 2 || len(p.mirrors) == 0 || (p.system == "") != (p.systemPkg == "") {
		t.Errorf("%s: %d classes, %d mirrors, package %q in %q",
			p.Name, len(p.Classes), len(p.mirrors), p.systemPkg, p.system)
	}
	names := p.form().names
	if len(p.files) != len(names) {
		t.Errorf("%s: %d files are published, want the %d of the layout", p.Name, len(p.files), len(names))
	}
	for i, f := range p.files {
		sum := f.sum // or that of what is downloaded
		switch {
		case sum == "" && f.zipped != nil && f.zipped.asIs:
			sum = f.zipped.sum
		case sum == "" && p.archive.asIs && p.archive.size > 0:
			sum = p.archive.sum
		}
		if b, err := hex.DecodeString(sum); err != nil || len(b) != 32 || sum != strings.ToLower(sum) {
			t.Errorf("%s: %s: %q is not a SHA-256 in lower-case hex", p.Name, names[i], sum)
		}
		if f.size < 9 {
			t.Errorf("%s: %s: %d bytes, want those of a header and a label at least", p.Name, names[i], f.size)
		}
	}
	seen := map[string]bool{}
	for _, c := range p.Classes {
		if seen[c] {
			t.Errorf("%s: two classes are called %s", p.Name, c)
		}
		seen[c] = true
	}
	plain := false
	for _, m := range p.mirrors {
		if !strings.HasSuffix(m, "/") {
			t.Errorf("%s: mirror %s, want a slash at the end", p.Name, m)
		}
		secure := strings.HasPrefix(m, "https://")
		if secure && plain {
			t.Errorf("%s: mirror %s comes after one without https", p.Name, m)
		}
		plain = plain || !secure
	}
}

func TestUnknownNamesTheKnown(t *testing.T) {
	_, lookup := Lookup("cifar")
	_, open := Open(t.Context(), Options{Dataset: "cifar"})
	_, fetch := Fetch(t.Context(), Options{Dataset: "cifar"})
	_, describe := Describe(t.Context(), Options{Dataset: "cifar"})
	for _, err := range []error{lookup, open, fetch, describe} {
		if err == nil || !strings.HasPrefix(err.Error(), `data: unknown dataset "cifar", want `) {
			t.Fatalf("error %v", err)
		}
		for _, name := range Names() {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("error %q does not name %s", err, name)
			}
		}
	}
}

// A data set without a package of the operating system is looked for elsewhere only, and none is recommended.
func TestPublishedWithoutPackage(t *testing.T) {
	p, _ := small(t)
	p.system, p.systemPkg = "", ""
	_, err := p.open(t.Context(), Options{})
	if err == nil || !strings.Contains(err.Error(), p.cache) || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("error %v, want the cache and a hint", err)
	}
	for _, not := range []string{"package", "apt", "make data"} {
		if err != nil && strings.Contains(err.Error(), not) {
			t.Errorf("error %q speaks of %q", err, not)
		}
	}
}
