package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPropose(t *testing.T) {
	app := newApp(nil, nil)
	app.Setup()                                       // as Run does, for its own options
	for _, c := range []struct{ words, want string }{ // words split at spaces, "." is an empty one
		{"ev", "eval"},
		{"s", "summary"},
		{"data .", "list fetch info verify check"},
		{"data fetch .", ""}, // files
		{"completion .", "bash zsh fish"},
		{"__comp", ""},
		{"train --de", "--deterministic --device"},
		{"train --device .", "auto cpu cuda"},
		{"train --device c", "cpu cuda"},
		{"train --device=c", "--device=cpu --device=cuda"},
		{"train --device =", "auto cpu cuda"},
		{"train --device = cu", "cuda"},
		{"train --device cpu --opt a", "adam adamw"},
		{"train --quiet --sched o", "onecycle"}, // an option without a value before it
		{"train --quiet .", ""},
		{"train --weights .", ""},
		{"train --frobnicate=", ""},
		{"summary --format .", "table json dot mermaid svg"},
		{"train --format .", "text json"},
		{"eval --split t", "test train"},
		{"export --to k", "keras"},
		{"runs --h", "--help"},
		{"--v", "--version"},
	} {
		words := strings.Fields(c.words)
		if last := len(words) - 1; words[last] == "." {
			words[last] = ""
		}
		var got []string
		for _, p := range propose(app, words) {
			got = append(got, p.word)
		}
		if !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%q: %q, want %q", c.words, got, c.want)
		}
	}
}

// shells run a script that asks for the completions of "resnet train --device ." and "resnet ev", and prints the words.
// The shell is told of no function but those that the script itself uses.
var shells = map[string]struct{ check, ask []string }{
	"bash": {
		[]string{"bash", "-n"},
		[]string{"bash", "--norc", "-c", `source "$SCRIPT"
			COMP_WORDS=(resnet train --device ""); COMP_CWORD=3; _resnet; echo "${COMPREPLY[@]}"
			COMP_WORDS=(resnet ev); COMP_CWORD=1; _resnet; echo "${COMPREPLY[@]}"`},
	},
	"zsh": {
		[]string{"zsh", "-n"},
		[]string{"zsh", "-fc", `compdef() { }; _files() { echo files }
			_describe() { local p=("${(@P)2}"); echo "${(@)p%%:*}" }
			source "$SCRIPT"
			words=(resnet train --device ""); CURRENT=4; _resnet
			words=(resnet ev); CURRENT=2; _resnet`},
	},
	"fish": {
		[]string{"fish", "-n"},
		[]string{"fish", "--no-config", "-c", `source $SCRIPT
			echo (complete -C "resnet train --device ")
			complete -C "resnet ev" | string split -f1 \t`},
	},
}

func TestCompletionScripts(t *testing.T) {
	bin := t.TempDir() // with the program in it, under its name
	if err := os.Symlink(must(filepath.Abs(os.Args[0])), filepath.Join(bin, "resnet")); err != nil {
		t.Fatal(err)
	}
	for shell, c := range shells {
		t.Run(shell, func(t *testing.T) {
			script := filepath.Join(t.TempDir(), "script")
			write(t, script, []byte(succeed(t, "completion", shell)))
			if _, err := exec.LookPath(shell); err != nil {
				t.Skip(err)
			}
			if out, err := exec.Command(c.check[0], append(c.check[1:], script)...).CombinedOutput(); err != nil ||
				len(out) > 0 {
				t.Errorf("%v: %v, %s", c.check, err, out)
			}
			ask := exec.Command(c.ask[0], c.ask[1:]...)
			ask.Env = append(os.Environ(), asProgram+"=1", "SCRIPT="+script, "HOME="+bin,
				"PATH="+bin+":"+os.Getenv("PATH"))
			out, err := ask.CombinedOutput()
			if want := "auto cpu cuda\neval\n"; err != nil || string(out) != want {
				t.Errorf("completions %q, error %v, want %q", out, err, want)
			}
		})
	}
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}
