//go:build !linux && !darwin

package memory

// Available reports false: this system does not tell.
func Available() (int64, bool) { return 0, false }
