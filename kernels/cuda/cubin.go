//go:build !nocuda

package cuda

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// EnvCode is the environment variable that names the folder of machine code.
const EnvCode = "RESNET_KERNELS"

// ErrNoCode is wrapped by Code.Compiled if no folder of machine code was named, and there is none beside the program.
var ErrNoCode = errors.New("no machine code")

// Code says what the kernels were loaded from.
type Code struct {
	Arch     string        // of the device, such as "sm_90"
	Compiled error         // why the driver had to compile PTX for some kernels; nil: all were machine code for Arch
	Time     time.Duration // of loading
}

func (c Code) String() string {
	if c.Compiled == nil {
		return "machine code for " + c.Arch
	}
	return fmt.Sprintf("PTX, which the driver compiled in %.1f s and keeps", c.Time.Seconds())
}

// assembled is the machine code for one architecture in a folder that assemble.sh has written.
type assembled struct {
	dir, arch string
	sums      map[string]string // SHA-256 of each file, in hexadecimal
	err       error             // why there is no machine code
}

// openAssembled reads the list of files of the folder. Errors are returned by read.
func openAssembled(major, minor int) assembled {
	a := assembled{dir: os.Getenv(EnvCode), arch: fmt.Sprintf("sm_%d%d", major, minor), sums: make(map[string]string)}
	named := a.dir != ""
	var list []byte
	var err error
	if !named {
		a.dir, err = besideProgram()
	}
	if err == nil {
		list, err = os.ReadFile(filepath.Join(a.dir, "SHA256SUMS"))
	}
	switch {
	case err != nil && named:
		a.err = fmt.Errorf("cuda: no machine code: %w: make cuda writes it, or unset %s", err, EnvCode)
	case err != nil:
		a.err = fmt.Errorf("cuda: %w: %w: make cuda writes it", ErrNoCode, err)
	}
	for line := range strings.Lines(string(list)) {
		if sum, file, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			a.sums[file] = sum
		}
	}
	return a
}

// besideProgram is the folder kernels beside the program, after resolving symbolic links.
func besideProgram() (string, error) {
	program, err := os.Executable()
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	return filepath.Join(filepath.Dir(program), "kernels"), err
}

// file is the path of a module's machine code. The name contains the digest of the PTX that it was assembled from.
func (a assembled) file(module string) string {
	return filepath.Join(a.dir, module+"-"+digest(ptx(module))+"."+a.arch+".cubin")
}

// read returns the machine code of a module. It checks the SHA-256, as drivers may crash on a truncated file.
func (a assembled) read(module string) ([]byte, error) {
	if a.err != nil {
		return nil, a.err
	}
	file := a.file(module)
	want, ok := a.sums[filepath.Base(file)]
	if !ok {
		return nil, fmt.Errorf("cuda: %s has no machine code of this build's %s for %s: make cuda CUBIN_ARCHS=%s",
			a.dir, module, a.arch, a.arch[3:])
	}
	image, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cuda: no machine code: %w: make cuda writes it", err)
	}
	sum := sha256.Sum256(image)
	if got := hex.EncodeToString(sum[:]); got != want {
		return nil, fmt.Errorf("cuda: %s is damaged: its SHA-256 is %s, want %s: make cuda", file, got, want)
	}
	return image, nil
}
