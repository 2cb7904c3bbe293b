//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package data

import "context"

// lockDir does nothing on systems without flock. Two downloads at once waste time there, but do no harm.
func lockDir(_ context.Context, _ string, _ func()) (unlock func(), err error) {
	return func() {}, nil
}
