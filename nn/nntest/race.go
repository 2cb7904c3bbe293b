//go:build race

package nntest

// Race says whether the race detector is on. It makes numerical loops ten times slower, so what runs on one goroutine,
// and is tested without it too, is left out.
const Race = true
