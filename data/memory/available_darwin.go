package memory

import "golang.org/x/sys/unix"

// Available returns the memory of the machine: the system does not say how much of it is left.
func Available() (int64, bool) {
	n, err := unix.SysctlUint64("hw.memsize")
	return int64(n), err == nil
}
