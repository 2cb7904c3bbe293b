package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// RemoveStale removes the temporary files of files of these names that processes left in dir when they were killed.
// Others, and those that cannot be removed, stay: nothing depends on them.
func RemoveStale(fsys FS, dir string, names ...string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		base, pid, ok := parseTemp(e.Name())
		if ok && e.Type().IsRegular() && slices.Contains(names, base) && !alive(pid) {
			fsys.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// parseTemp takes apart a tempName. Names of the first versions of this program have no process: pid is 0.
func parseTemp(name string) (base string, pid int, ok bool) {
	rest, ok := strings.CutPrefix(name, ".tmp-")
	if !ok {
		return "", 0, false
	}
	rest, _, ok = cutNumber(rest)
	if !ok {
		return "", 0, false
	}
	if base, pid, ok = cutNumber(rest); ok {
		return base, pid, true
	}
	return rest, 0, true
}

// cutNumber cuts a number behind the last dash off.
func cutNumber(s string) (before string, n int, ok bool) {
	at := strings.LastIndexByte(s, '-')
	if at < 0 {
		return s, 0, false
	}
	u, err := strconv.ParseUint(s[at+1:], 10, 32)
	return s[:at], int(u), err == nil
}

// alive says whether a process other than this one lives; this one has no temporary file open when it looks for stale
// ones. In containers, every process of an image may have the same number.
func alive(pid int) bool {
	if pid == 0 || pid == os.Getpid() {
		return false
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release()
	return !errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}
