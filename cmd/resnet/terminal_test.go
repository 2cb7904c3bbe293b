package main

import "testing"

func TestCommandLine(t *testing.T) {
	got := commandLine([]string{"/tmp/x/resnet", "train", "--output", "a b", "it's", "", "--lr=1e-3", "ü", "$HOME"})
	if want := `resnet train --output 'a b' 'it'\''s' '' --lr=1e-3 ü '$HOME'`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
