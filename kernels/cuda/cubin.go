//go:build !nocuda

package cuda

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// EnvCode is the environment variable that names the folder of machine code.
const EnvCode = "RESNET_KERNELS"

// Code says what kernels were loaded from.
type Code struct {
	Arch     string        // the device's, "sm_90"
	Compiled error         // why the driver compiled PTX of some or all; nil: all was machine code for Arch
	Time     time.Duration // that loading took
}

func (c Code) String() string {
	if c.Compiled == nil {
		return "machine code for " + c.Arch
	}
	return fmt.Sprintf("PTX, which the driver compiled in %.1f s and keeps", c.Time.Seconds())
}

// assembled is machine code for one architecture in a folder that assemble.sh made.
type assembled struct {
	dir, arch string
	sums      map[string]string // of files: SHA-256 in hexadecimal
	err       error             // why there is none
}

// openAssembled reads what the folder has. What is wrong with it, read says.
func openAssembled(major, minor int) assembled {
	a := assembled{dir: os.Getenv(EnvCode), arch: fmt.Sprintf("sm_%d%d", major, minor), sums: make(map[string]string)}
	if a.dir == "" {
		a.dir, a.err = besideProgram()
	}
	if a.err != nil {
		return a
	}
	var list []byte
	if list, a.err = os.ReadFile(filepath.Join(a.dir, "SHA256SUMS")); a.err != nil {
		return a
	}
	for line := range strings.Lines(string(list)) {
		if sum, file, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			a.sums[file] = sum
		}
	}
	return a
}

// besideProgram is the folder beside the program, or beside what links to it lead to.
func besideProgram() (string, error) {
	program, err := os.Executable()
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	return filepath.Join(filepath.Dir(program), "kernels"), err
}

// file is where a module's machine code should be. Its name holds the digest of the PTX that it was made from.
func (a assembled) file(module string) string {
	return filepath.Join(a.dir, module+"-"+digest(ptx(module))+"."+a.arch+".cubin")
}

// read returns a module's machine code. It is held against its sum: a driver may crash on a file that is cut off.
func (a assembled) read(module string) ([]byte, error) {
	if a.err != nil {
		return nil, fmt.Errorf("cuda: no machine code: %w: make cuda writes it", a.err)
	}
	file := a.file(module)
	want, ok := a.sums[filepath.Base(file)]
	if !ok {
		return nil, fmt.Errorf("cuda: %s has no machine code of this build's %s for %s: make cuda CUBIN_ARCHS=%s", a.dir, module, a.arch, a.arch[3:])
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
