package main

import (
	"testing"

	"resnet/nn/nntest"
)

// slowUnderRace skips a test of what the program computes or writes under the race detector, which makes it ten times
// as long. What the program does at the same time, the other tests show.
func slowUnderRace(t *testing.T) {
	if nntest.Race {
		t.Skip("of results, and slow under the race detector")
	}
}
