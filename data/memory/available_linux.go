package memory

import (
	"bytes"
	"math"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Available returns the bytes that this process can still get: what the machine has left, what its control group leaves
// it, and what its limit on address space allows, whichever is least. It reports false where the system does not tell.
func Available() (int64, bool) {
	have, known := int64(math.MaxInt64), false
	for _, source := range []func() (int64, bool){machine, controlGroup, addressSpace} {
		if n, ok := source(); ok {
			have, known = min(have, n), true
		}
	}
	return have, known
}

// machine is the kernel's estimate of what new programs get without swapping.
func machine() (int64, bool) { return field("/proc/meminfo", "MemAvailable:") }

// controlGroup is what is left of the limits of the process's control group, version 2, and of those above it. In a
// container the file system shows them at its root.
func controlGroup() (int64, bool) {
	path := ""
	if b, err := os.ReadFile("/proc/self/cgroup"); err == nil {
		for line := range strings.Lines(string(b)) {
			if p, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
				path = p
			}
		}
	}
	left, known := int64(math.MaxInt64), false
	for {
		dir := "/sys/fs/cgroup" + strings.TrimSuffix(path, "/")
		limit, ok1 := number(dir + "/memory.max") // not a number where it is "max"
		used, ok2 := number(dir + "/memory.current")
		if ok1 && ok2 {
			// Pages of files are counted as used but given up when they are needed.
			cache, _ := field(dir+"/memory.stat", "inactive_file")
			left, known = min(left, max(limit-used+cache, 0)), true
		}
		if path == "" || path == "/" {
			return left, known
		}
		path = path[:strings.LastIndexByte(path, '/')]
	}
}

// addressSpace is what ulimit -v leaves.
func addressSpace() (int64, bool) {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_AS, &limit) != nil || limit.Cur > math.MaxInt64 {
		return 0, false
	}
	used, ok := field("/proc/self/status", "VmSize:")
	return max(int64(limit.Cur)-used, 0), ok
}

// field reads the number after a name in a file of lines "name number [kB]".
func field(path, name string) (int64, bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != name {
			continue
		}
		n, err := strconv.ParseInt(f[1], 10, 64)
		if len(f) > 2 && f[2] == "kB" {
			n *= 1024
		}
		return n, err == nil
	}
	return 0, false
}

func number(path string) (int64, bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64)
	return n, err == nil
}
