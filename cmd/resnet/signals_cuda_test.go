//go:build unix && !nocuda

package main

import "testing"

// On a GPU too, with the loss scale of float16 as part of what is kept.
func TestKillResumeOnGPU(t *testing.T) {
	requireGPU(t)
	killResume(t, 2, append(onGPU, "--precision", "fp16", "--hflip", "0.5", "--epochs", "2")...)
}
