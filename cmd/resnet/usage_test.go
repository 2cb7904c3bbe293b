package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"resnet/nn/cpu"
)

// Every bad input gets one line that begins with "resnet: ", says what is wrong with which value, and the exit status
// for its kind.
func TestErrors(t *testing.T) {
	dir := writeBars(t, 24)
	run := filepath.Join(t.TempDir(), "run")
	succeed(t, tiny(dir, "--epochs", "1", "--output", run)...)
	weights := filepath.Join(run, "weights", "last.safetensors")

	swapped := t.TempDir() // labels in the place of images
	for _, f := range []string{"train-images-idx3-ubyte", "t10k-images-idx3-ubyte", "train-labels-idx1-ubyte",
		"t10k-labels-idx1-ubyte"} {
		write(t, filepath.Join(swapped, f), read(t, filepath.Join(dir, f)))
	}
	write(t, filepath.Join(swapped, "t10k-images-idx3-ubyte"), read(t, filepath.Join(dir, "t10k-labels-idx1-ubyte")))

	file := func(name string, content []byte) string {
		path := filepath.Join(t.TempDir(), name)
		write(t, path, content)
		return path
	}
	good := read(t, weights)
	huge := file("huge.safetensors", binary.LittleEndian.AppendUint64(nil, 1<<60))
	short := file("short.safetensors", good[:len(good)-100])
	empty := file("empty.png", nil)
	text := file("text.png", []byte("not a picture"))
	badConfig := file("config.json", []byte(`{"epochs": 3, "epoch": 4}`))

	for _, c := range []struct {
		args string // split at spaces
		code int
		want string // a regular expression that the line matches
	}{
		{"", 2, `no command`},
		{"trian", 2, `unknown command "trian".*did you mean train\?`},
		{"data ftch", 2, `unknown command "ftch".*did you mean fetch\?`},
		{"data", 2, `no command.*fetch, info`},
		{"--frobnicate", 2, `unknown flag --frobnicate`},
		{"train --epoch 3", 2, `train: unknown flag --epoch; did you mean --epochs\?`},
		{"train --lr", 2, `missing value of --lr`},
		{"train --epochs many", 2, `--epochs "many": want a whole number`},
		{"train --seed -1", 2, `--seed "-1"`},
		{"train --epochs 0", 2, `epochs 0, want at least 1`},
		{"train -b 0", 2, `batch size 0, want 1 to`},
		{"train --opt none", 2, `"none", want adam, `},
		{"train --lr -1", 2, `learning rate -1`},
		{"train --momentum 0.5", 2, `momentum 0\.5 with optimizer adam`},
		{"train --sched linear", 2, `"linear", want constant, `},
		{"train --val some", 2, `val "some"`},
		{"train --device tpu", 2, `"tpu", want auto, cpu, cuda or cuda:N`},
		{"eval --device gpu --weights " + weights, 2, `"gpu", want auto, cpu, cuda or cuda:N`},
		{"train --precision fp8", 2, `precision "fp8", want fp32, tf32, bf16 or fp16`},
		{"train --device cpu --precision bf16", 2, `precision bf16 with device cpu`},
		{"train --device cpu --check", 2, `check with device cpu`},
		{"train --device cpu --no-graph", 2, `no-graph with device cpu`},
		{"eval --device cpu --check --weights " + weights, 2, `check with device cpu`},
		{"predict --device cpu --no-graph --weights " + weights + " " + text, 2, `no-graph with device cpu`},
		{"bench --device cpu --precision tf32", 2, `precision tf32 with device cpu`},
		{"bench --device cpu --check", 2, `check with device cpu`},
		{"doctor --device cpu --precision fp16", 2, `precision fp16 with device cpu`},
		{"train --histograms all", 2, `--histograms "all", want one of none, weights, gradients`},
		{"train --no-tensorboard --histograms none", 2, `--histograms with --no-tensorboard`},
		{"train --hflip 1.5", 2, `hflip 1\.5, want a probability`},
		{"train --crop-padding 128", 2, `crop padding of 128 pixels, want 0 to 127`},
		{"train --format xml", 2, `--format "xml", want one of text, json`},
		{"train picture.png", 2, `unexpected argument "picture.png"`},
		{"train --config " + badConfig, 1, `config\.json.*"epoch"`},
		{"train --config /nowhere.json", 1, `/nowhere\.json`},
		{"train --model vgg --dataset idx --data-dir " + dir, 1, `"vgg".*fashion-resnet`},
		{"train --dataset cifar", 1, `"cifar", want auto, fashion-mnist, mnist, kmnist, `},
		{"train --dataset idx --data-dir /nowhere", 1, `/nowhere: no such directory`},
		{"train --dataset idx --data-dir " + swapped, 1, `t10k-images.*0x00000801, want 0x00000803`},
		{"train --dataset idx --classes 2 --data-dir " + dir, 1, `label`},
		{"train --dataset idx --val 24 --data-dir " + dir, 1, `24 validation images`},
		{"train --dataset idx --data-dir " + dir + " --output " + run, 1, `already holds a run`},
		{"train --dataset idx --data-dir " + dir + " --weights " + weights, 1, `shape|tensor`}, // of the small network
		{"train --resume /nowhere", 1, `/nowhere`},
		{"train --resume " + run + " --output elsewhere", 2,
			`--output elsewhere with --resume .*: a run continues in its own directory`},
		{"train --resume " + run + " --force", 2, `--force with --resume`},
		{"train --resume " + run + " --weights " + weights, 2, `--weights with --resume`},
		{"train --dataset idx --data-dir " + dir + " --output " + text, 1, `text\.png: is a file, want a directory`},
		{"train --dataset idx --data-dir " + dir + " --output " + text + "/run", 1, `is a file, want a directory`},
		{"train -b 8 --batch-size 9", 2, `-b and --batch-size are the same option`},
		{"train --quiet=maybe", 2, `invalid boolean value "maybe" for --quiet: want true or false`},
		{"train --checkpoint-seconds inf", 2, `checkpoint seconds \+Inf`},
		{"summary -b 1e3", 2, `invalid value "1e3" for --b: want a whole number`},
		{"bench --seconds x", 2, `invalid value "x" for --seconds: not a number`},
		{"bench --quiet --compare /dev/zero", 1, `/dev/zero: more than 67108864 bytes; want a report`},
		{"runs " + text, 1, `text\.png: is a file, want a directory with runs`},
		{"runs /nowhere", 1, `/nowhere: no such directory`},
		{"runs a b", 2, `2 directories given, want one`},
		{"runs " + dir, 1, `no runs`},
		{"train --resume " + run + " --lr 0.5", 1, `lr`},
		{"train --resume " + run + " --config " + badConfig, 2, `--config with --resume`},
		{"eval", 2, `no weights given`},
		{"eval --weights /nowhere", 1, `/nowhere: no such file`},
		{"eval --weights " + huge, 1, `header length`},
		{"eval --weights " + short + " --data-dir " + dir, 1, `short\.safetensors`},
		{"eval --device cpu -b 0 --weights " + weights + " --data-dir " + dir, 2, `batch size 0`},
		{"eval --split valid --weights " + weights, 2, `--split "valid", want one of test, train, val`},
		{"eval --dataset fashion-mnist --data-dir " + dir + " --weights " + weights, 1, `fashion-mnist`},
		{"predict --weights " + weights, 2, `no images given, want picture files, --indices LIST or --wrong N`},
		{"predict --weights " + weights + " --indices 3:3 ", 2, `range "3:3" is empty`},
		{"predict --weights " + weights + " --indices 1,x", 2, `"x", want numbers`},
		{"predict --device cpu --weights " + weights + " --data-dir " + dir + " --indices 20", 2,
			`image 20, want 0 to 19`},
		{"predict --weights " + weights + " --top 0 " + text, 2, `--top 0`},
		{"predict --weights " + weights + " --wrong 0", 2, `--wrong 0, want at least 1`},
		{"predict --weights " + weights + " --wrong 3 " + text, 2, `--wrong with picture file`},
		{"predict --weights " + weights + " --indices 1 --grid a.pdf", 2, `--grid "a\.pdf", want .* \.png or \.svg`},
		{"predict --device cpu --weights " + weights + " --data-dir " + dir + " --indices 1 --grid /nowhere/a.png", 1,
			`/nowhere`},
		{"eval --device cpu --weights " + weights + " --data-dir " + dir + " --plots /dev/null/a", 1, `/dev/null`},
		{"predict --weights " + weights + " " + empty, 1, `empty file`},
		{"predict --weights " + weights + " " + text, 1, `not a PNG`},
		{"predict --weights " + weights + " /nowhere.png", 1, `/nowhere\.png`},
		{"summary --input 28x28", 2, `--input "28x28"`},
		{"summary --input 1x28x28x3", 2, `--input`},
		{"summary --base-channels 0", 2, `base channels 0`},
		{"summary --batch-size 0", 2, `batch size 0`},
		{"summary --format png", 2, `--format "png", want one of table, json, dot, mermaid, svg`},
		{"summary -o /nowhere/n.svg", 1, `no directory /nowhere`},
		{"summary -j -1", 2, `-1 threads`},
		{"bench --batch-size 1,a", 2, `--batch-size "a"`},
		{"bench --phase train,test", 2, `phase "test", want train, infer or latency`},
		{"bench --isa mmx", 2, `"mmx", want one of portable, avx2, avx512`},
		{"bench --seconds NaN", 2, `NaN seconds`},
		{"report", 2, `no runs given, want resnet report RUN`},
		{"report /nowhere", 1, `/nowhere: no config\.json \(not a run directory\?\)`},
		{"report " + run + " -o /nowhere/report.html", 1, `no directory /nowhere`},
		{"report --device tpu " + run, 2, `"tpu", want auto, cpu`},
		{"completion", 2, `no command.*bash, zsh, fish`},
		{"completion tcsh", 2, `unknown command "tcsh", want one of bash, zsh, fish`},
		{"completion bash x", 2, `unexpected argument "x"`},
		{"docs x", 2, `unexpected argument "x"`},
		{"export", 2, `no weights given`},
		{"export --weights " + weights, 2, `no format given, want --to onnx`},
		{"export --to tflite --weights " + weights, 2, `--to "tflite", want one of onnx, keras, safetensors`},
		{"export --to keras --fold --weights " + weights, 2, `--fold with --to keras: only onnx`},
		{"export --to onnx --batch 0 --weights " + weights, 2, `--batch 0`},
		{"export --to onnx --opset 8 --weights " + weights, 2, `--opset 8, want 9 to 27`},
		{"export --to onnx --opset 28 --weights " + weights, 2, `--opset 28, want 9 to 27`},
		{"export --to keras --opset 13 --weights " + weights, 2, `--opset with --to keras: only onnx`},
		{"export --to safetensors --weights " + weights, 2, `no output given, want -o FILE`},
		{"export --to keras -o m.bin --weights " + weights, 2, `m\.bin`},
		{"export -o /nowhere/m.onnx --weights " + weights, 1, `no directory /nowhere`},
		{"export --to onnx --weights " + short, 1, `short\.safetensors`},
		{"import", 2, `0 files given, want one`},
		{"import " + weights, 2, `no output given`},
		{"import m.onnx -o " + text, 2, `m\.onnx: want a file of keras or safetensors`},
		{"import " + weights + " -o " + text, 1, `shape|tensor`}, // of the small network
		{"import --classes 3 " + weights + " -o " + text, 2, `--classes 3 with --dataset fashion-mnist, which has 10`},
		{"import --dataset cifar " + weights + " -o " + text, 2, `"cifar", want auto, fashion-mnist, mnist, kmnist, `},
		{"import --input 28 " + weights + " -o " + text, 2, `--input "28"`},
		{"import --base-channels 0 " + weights + " -o " + text, 2, `base channels 0`},
		{"import --from keras " + text + " -o " + text, 1, `text\.png`},
		{"import /nowhere.keras -o " + text, 1, `/nowhere\.keras`},
		{"data info --dataset idx", 1, `--data-dir`},
		{"data info --dataset idx --data-dir " + swapped, 1, `0x00000801, want 0x00000803`},
		{"data fetch --dataset idx", 1, `nothing to fetch`},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Setenv("RESNET_DATA", "")
			_, stderr, code := resnet(t, strings.Fields(c.args)...)
			lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
			last := lines[len(lines)-1]
			if code != c.code || !strings.HasPrefix(last, "resnet: ") || !regexp.MustCompile(c.want).MatchString(last) {
				t.Errorf("exit status %d, stderr %q, want %d and a line with %s", code, stderr, c.code, c.want)
			}
			if c.code == 2 && len(lines) != 1 {
				t.Errorf("%d lines for wrong usage, want 1: %q", len(lines), stderr)
			}
		})
	}
}

// A variable of the shell that was never set is no default.
func TestEmpty(t *testing.T) {
	for _, args := range [][]string{
		{"train", "--resume", ""}, {"train", "--config="}, {"train", "-o", ""}, {"train", "--weights", ""},
		{"train", "--lr", ""}, {"train", "--device", ""}, {"train", "--data-dir", ""}, {"summary", "--weights", ""},
		{"bench", "--compare", ""}, {"predict", "--weights", "w", ""}, {"runs", ""}, {"report", ""},
		{"import", "", "-o", "x"},
		{"export", "--weights", "w", "-o", ""}, {"data", "info", "--data-dir", ""},
	} {
		_, stderr, code := resnet(t, args...)
		if code != 2 || !strings.Contains(stderr, "empty") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: exit status %d, stderr %q, want 2 and a line", args, code, stderr)
		}
	}
}

// More threads than processors would only wait for each other.
func TestWorkers(t *testing.T) {
	dir, run := writeBars(t, 24), filepath.Join(t.TempDir(), "run")
	_, stderr, code := resnet(t, tiny(dir, "--epochs", "1", "-j", "512", "--quiet=false", "--output", run)...)
	if n := strings.Count(stderr, "note: 512 threads (--workers): there are "); code != 0 || n != 1 {
		t.Errorf("exit status %d, %d notes, want 0 and one: %s", code, n, stderr)
	}
	var c struct{ Threads int }
	decode(t, string(read(t, filepath.Join(run, "config.json"))), &c)
	if c.Threads != cpu.Processors() {
		t.Errorf("%d threads in config.json, want %d", c.Threads, cpu.Processors())
	}
	for _, args := range [][]string{
		{"summary", "-j", "100000"}, {"train", "--resume", run, "-j", "512"},
		{"eval", "--device", "cpu", "--weights", filepath.Join(run, "weights", "best.safetensors"), "--data-dir", dir,
			"-j", "99"},
	} {
		_, stderr, code := resnet(t, args...)
		if n := strings.Count(stderr, "note: "); code != 0 || n != 1 {
			t.Errorf("%v: exit status %d, %d notes, want 0 and one: %s", args, code, n, stderr)
		}
	}
}

func TestEnvironmentISA(t *testing.T) {
	t.Setenv("RESNET_ISA", "mmx")
	for _, command := range []string{"train", "bench", "summary"} {
		_, stderr, code := resnet(t, command)
		if code != 2 || !strings.Contains(stderr, `$RESNET_ISA: cpu: unknown instruction set "mmx"`) {
			t.Errorf("%s: exit status %d, stderr %q, want 2 and the variable named", command, code, stderr)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--help", "commands:"}, {"-h", "commands:"},
		{"train --help", "--resume DIR"}, {"eval -h", "examples:"}, {"evaluate --help", "examples:"},
		{"predict --help", "[FILE...]"}, {"summary --help", "examples:"}, {"export --help", "examples:"},
		{"import --help", "FILE\n"}, {"bench --help", "benchstat"}, {"doctor --help", "examples:"},
		{"data --help", "fetch"}, {"report --help", "RUN..."}, {"runs --help", "[DIR]"},
		{"completion --help", "zsh"}, {"data fetch --help", "examples:"}, {"data info --help", "examples:"},
		{"--version", "resnet "},
	} {
		if out := succeed(t, strings.Fields(c.args)...); !strings.Contains(out, c.want) {
			t.Errorf("%s: no %q in:\n%s", c.args, c.want, out)
		}
	}
}

// A full disk must not pass for success.
func TestFullStdout(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	defer full.Close()
	for _, format := range []string{"table", "json"} {
		c := command("summary", "--format", format)
		c.Stdout = full
		if err := c.Run(); c.ProcessState.ExitCode() != 1 {
			t.Errorf("%s: %v, want exit status 1", format, err)
		}
	}
}

func TestSuggest(t *testing.T) {
	names := func(yield func(string)) {
		for _, n := range []string{"epochs", "b", "batch-size", "base-channels", "lr"} {
			yield(n)
		}
	}
	for given, want := range map[string]string{
		"epoch": "epochs", "ephocs": "epochs", "batchsize": "batch-size", "base": "base-channels", "xyz": "", "q": "",
		"rl": "",
	} {
		if got := nearest(given, names); got != want {
			t.Errorf("suggest %q: %q, want %q", given, got, want)
		}
	}
}
