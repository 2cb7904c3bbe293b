//go:build !nocuda

package gpu

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"resnet/gpu/gputest"
)

// folders creates folders, some of which hold a file of the given name.
func folders(t *testing.T, name string, with ...bool) (paths []string) {
	t.Helper()
	for _, w := range with {
		dir := t.TempDir()
		paths = append(paths, dir)
		if w {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return paths
}

func TestCandidates(t *testing.T) {
	const name = "libnone.so.3"
	f := folders(t, name, true, false, true)
	home := t.TempDir()
	lib64 := filepath.Join(home, "lib64", name)
	if err := os.MkdirAll(filepath.Dir(lib64), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(lib64, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv(libsVariable, strings.Join(f, ":"))
	t.Setenv("CUDA_HOME", home)
	t.Setenv("CUDA_PATH", t.TempDir())
	want := []string{filepath.Join(f[0], name), filepath.Join(f[2], name), name, lib64}
	if got := candidates(name); !slices.Equal(got, want) {
		t.Errorf("candidates are %q, want %q", got, want)
	}
}

func TestOpenFirst(t *testing.T) {
	const name = "libnone.so.3"
	f := folders(t, name, true, true)
	t.Setenv(libsVariable, strings.Join(f, ":"))
	t.Setenv("CUDA_HOME", "")
	t.Setenv("CUDA_PATH", "")
	missing := errors.New(name + ": cannot open shared object file: No such file or directory")
	var opened []string
	open := func(answer func(path string) error) func(string) error {
		opened = nil
		return func(path string) error { opened = append(opened, path); return answer(path) }
	}

	if err := openFirst(name, "", open(func(string) error { return nil })); err != nil || len(opened) != 1 {
		t.Errorf("opened %q with %v, want the first alone", opened, err)
	}
	err := openFirst(name, "install it", open(func(string) error { return errors.New("file too short") }))
	want := "gpu: " + filepath.Join(f[0], name) + " cannot be loaded: file too short"
	if err == nil || err.Error() != want || !errors.Is(err, ErrNoLibrary) || len(opened) != 1 {
		t.Errorf("opened %q with %v, want the first alone with %s", opened, err, want)
	}
	t.Setenv(libsVariable, "")
	err = openFirst(name, "install it", open(func(string) error { return missing }))
	want = "gpu: libnone.so.3 not found: install it, or name its folder in RESNET_CUDA_LIBS"
	if err == nil || err.Error() != want || !errors.Is(err, ErrNoLibrary) {
		t.Errorf("got %v, want %s", err, want)
	}
	older := filepath.Join(f[1], "libnone.so.2")
	if err := os.WriteFile(older, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv(libsVariable, f[1])
	if err := os.Remove(filepath.Join(f[1], name)); err != nil {
		t.Fatal(err)
	}
	err = openFirst(name, "install it", open(func(string) error { return missing }))
	want = "gpu: libnone.so.3 not found, only " + older + ", which this build is not for: install it, " +
		"or name its folder in RESNET_CUDA_LIBS"
	if err == nil || err.Error() != want || !errors.Is(err, ErrNoLibrary) {
		t.Errorf("got %v, want %s", err, want)
	}
	other := errors.New("libother.so.1: cannot open shared object file: No such file or directory")
	err = openFirst(name, "install it", open(func(string) error { return other }))
	if err == nil || !strings.Contains(err.Error(), "libother.so.1") {
		t.Errorf("got %v, want the library that is missing named", err)
	}
}

func TestVersionString(t *testing.T) {
	for _, c := range []struct {
		name    string
		version int
		want    string
	}{
		{DriverLibrary, 13000, "13.0"},
		{DriverLibrary, 12040, "12.4"},
		{DNNLibrary, 92801, "9.28.1"},
		{DNNLibrary, 8907, "8.9.7"},
		{BLASLibrary, 130002, "13.0.2"},
		{BLASLibrary, 0, ""},
	} {
		if got := (Library{Name: c.name, Version: c.version}).VersionString(); got != c.want {
			t.Errorf("%s %d is written %q, want %q", c.name, c.version, got, c.want)
		}
	}
}

// A library must have the major version of the headers.
func TestFits(t *testing.T) {
	for _, w := range wanted {
		if err := w.fits(w.compiled); err != nil {
			t.Errorf("%s as compiled: %v", w.name, err)
		}
	}
	older := map[string]int{DriverLibrary: 11040, DNNLibrary: 7605, BLASLibrary: 110500}
	for _, w := range wanted {
		err := w.fits(older[w.name])
		if err == nil || !strings.Contains(err.Error(), versionString(w.name, older[w.name])) {
			t.Errorf("%s %d: got %v, want an error with the version", w.name, older[w.name], err)
		}
	}
	if err := driverFits(1000*cudaMajor + 90); err != nil {
		t.Errorf("a driver of a later minor version: %v", err)
	}
}

// Drivers that are too old get the release that is not, and, where there can be one, a build for them.
func TestOldDriver(t *testing.T) {
	for _, c := range []struct {
		err  oldDriver
		want string
	}{
		{oldDriver{version: 12040, major: 13}, "this driver runs CUDA 12.4, want 13.0 or later: " +
			"update the NVIDIA driver to 580.65.06 or later, or build with CUDA 12"},
		{oldDriver{version: 11080, major: 12}, "this driver runs CUDA 11.8, want 12.0 or later: " +
			"update the NVIDIA driver to 525.60.13 or later"},
		{oldDriver{version: 12040, major: 13, dnn: true}, "a cuDNN for CUDA 13; this driver runs CUDA 12.4, " +
			"want 13.0 or later: update the NVIDIA driver to 580.65.06 or later, or install cuDNN for CUDA 12"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		wrapped := fmt.Errorf("nn: cuda:0: %w", &c.err)
		if got := NeedsDriver(wrapped); got != driverReleases[c.err.major] || !errors.Is(wrapped, ErrNoLibrary) {
			t.Errorf("%v: needs driver %q, want %s and ErrNoLibrary", wrapped, got, driverReleases[c.err.major])
		}
	}
	if got := NeedsDriver(&Error{Name: "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"}); got != driverReleases[cudaMajor] {
		t.Errorf("PTX that is too new needs driver %q, want %s", got, driverReleases[cudaMajor])
	}
	if got := NeedsDriver(errors.Join(unusable("gone"), &Error{Name: "CUDA_ERROR_OUT_OF_MEMORY"})); got != "" {
		t.Errorf("driver %s against a library that is missing and against full memory, want none", got)
	}
}

// The libraries have every function that this package calls. The linker cannot find a missing one, because it sees the
// forwarding archives.
func TestLibrariesHaveOurFunctions(t *testing.T) {
	call := regexp.MustCompile(`\b(?:cudnn|cublas)[A-Z][A-Za-z0-9_]*\(`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range call.FindAllString(string(source), -1) {
			if name = strings.TrimSuffix(name, "("); !strings.HasSuffix(name, "_t") { // a type
				names[name] = true
			}
		}
	}
	if dnnMajor < 9 {
		delete(names, "cudnnGetLastErrorString")
	}
	if len(names) < 30 {
		t.Errorf("found %d functions in the sources, want 30 or more", len(names))
	}
	for which, prefix := range map[int]string{libDNN: "cudnn", libBLAS: "cublas"} {
		l := library(which)
		t.Run(l.Name, func(t *testing.T) {
			gputest.Need(t, l.Err)
			for name := range names {
				// cublas_v2.h gives some functions a second version.
				if strings.HasPrefix(name, prefix) && !has(which, name) && !has(which, name+"_v2") {
					t.Errorf("%s lacks %s", l.Path, name)
				}
			}
		})
	}
}
