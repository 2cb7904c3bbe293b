//go:build !nocuda

package cuda_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"resnet/gpu/gputest"
	"resnet/nn"
	"resnet/nn/cuda"
	"resnet/nn/nntest"
)

// refusedNetwork has all that a backend computes with cuDNN: convolutions with strides, with padding on one side, with
// a bias, of one pixel, and with a gradient that is added to another; batch norms and average pools.
func refusedNetwork() *nn.Graph {
	g := nn.NewGraph("refused", 2, 9, 8, 3)
	x := g.Apply("input", nn.Normalize{Mean: []float32{0.5, 0.4}, Std: []float32{0.3, 0.2}}, g.Images)
	x = g.Apply("stem", nn.Conv{Out: 4, Kernel: 3, Stride: 2, Pad: nn.Pad{Bottom: 1, Right: 1}, Bias: true}, x)
	x = g.Apply("bn", nn.BatchNorm{ReLU: true}, x)
	y := g.Apply("conv", nn.Conv{Out: 5, Kernel: 3, Pad: nn.Padding(1)}, x)
	x = g.Apply("sum", nn.Add{}, y, g.Apply("shortcut", nn.Conv{Out: 5, Kernel: 1}, x))
	x = g.Apply("pool", nn.AvgPool{Kernel: 3, Stride: 1, Pad: nn.Padding(1)}, x)
	x = g.Apply("last", nn.Conv{Out: 6, Kernel: 2, Pad: nn.Pad{Top: 1, Left: 1}}, x)
	x = g.Apply("average", nn.GlobalAvgPool{}, x)
	g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("linear", nn.Linear{Out: 3}, x))
	return g
}

// refusedRuns are the ways in which each refusal is met. The first uses every call.
var refusedRuns = []struct {
	config    cuda.Config
	tolerance nntest.Tolerance
}{
	{cuda.Config{Precision: nn.FP32, Deterministic: true}, nntest.Float32},
	{cuda.Config{Precision: nn.FP32, Tune: nn.TuneConfig{Mode: nn.TuneOn}}, nntest.Float32},
	{cuda.Config{Precision: nn.FP16, Tune: nn.TuneConfig{Mode: nn.TuneOn}}, nntest.Float16},
	{cuda.Config{Precision: nn.BF16, Deterministic: true}, nntest.BFloat16},
}

// outcome is what a process under a refusal prints of each run.
type outcome struct {
	Refused map[string]map[string]string // by key
	Instead map[string]string            // what is used, by key
	Notes   []string
}

const (
	refusalVariable = "RESNET_TEST_REFUSAL"
	outcomeMark     = "outcome: "
)

// TestCUDARefusedRun trains and evaluates under the refusal that its environment asks for, and compares the results
// with the reference, and those of captured steps with those of eager ones. It is a process of TestCUDARefusals.
func TestCUDARefusedRun(t *testing.T) {
	if os.Getenv(refusalVariable) == "" {
		t.Skip("run by TestCUDARefusals")
	}
	for _, r := range refusedRuns {
		name := fmt.Sprintf("%v %v", r.config.Precision, r.config.Tune.Mode)
		t.Run(name, func(t *testing.T) {
			o := outcome{Refused: map[string]map[string]string{}, Instead: map[string]string{}}
			r.config.Tune.Log = func(format string, args ...any) {
				o.Notes = append(o.Notes, fmt.Sprintf(format, args...))
			}
			b := lowScale(openCUDA(r.config))(t)
			defer b.Close()
			var twins []nn.Backend
			if r.config.Deterministic {
				eager := r.config
				eager.NoGraph, eager.Tune.Log = true, nil
				twins = append(twins, openCUDA(eager)(t))
				defer twins[0].Close()
			}
			nntest.RunNetwork(t, b, refusedNetwork(), 3, r.tolerance, twins...)
			for key, c := range b.Info().GPU.Choices.Choices {
				if len(c.Refused) > 0 {
					o.Refused[key], o.Instead[key] = c.Refused, c.Choice
				}
			}
			text, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(outcomeMark + string(text))
		})
	}
}

// refused runs TestCUDARefusedRun in a process with RESNET_EMU_FAIL and returns the outcome of each run. More are
// settings of the environment.
func refused(t *testing.T, fault string, more ...string) []outcome {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestCUDARefusedRun$", "-test.v")
	cmd.Env = append(append(os.Environ(), refusalVariable+"=1", "RESNET_EMU_FAIL="+fault), more...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	var list []outcome
	for line := range strings.Lines(string(out)) {
		if _, text, ok := strings.Cut(line, outcomeMark); ok {
			var o outcome
			if err := json.Unmarshal([]byte(text), &o); err != nil {
				t.Fatal(err)
			}
			list = append(list, o)
		}
	}
	if len(list) != len(refusedRuns) {
		t.Fatalf("%d outcomes, want %d\n%s", len(list), len(refusedRuns), out)
	}
	return list
}

// excused are calls of cuDNN that have no way out, and why.
var excused = map[string]string{
	"cudnnCreate":                       "there is no cuDNN then, and opening the backend says so",
	"cudnnSetStream":                    "likewise",
	"cudnnDestroy":                      "the work is done, and Close reports it",
	"cudnnDestroyTensorDescriptor":      "likewise",
	"cudnnDestroyFilterDescriptor":      "likewise",
	"cudnnDestroyConvolutionDescriptor": "likewise",
	"cudnnDestroyPoolingDescriptor":     "likewise",
	"cudnnGetErrorString":               "it returns no status",
	"cudnnGetLastErrorString":           "it returns no status",
	"cudnnGetVersion":                   "it returns no status",
	"cudnnGetCudartVersion":             "it returns no status",
}

// callsMade are the calls of cuDNN in a run without refusals.
func callsMade(t *testing.T) map[string]bool {
	t.Helper()
	counts := filepath.Join(t.TempDir(), "counts")
	for _, o := range refused(t, "", "RESNET_EMU_COUNT="+counts) {
		if len(o.Refused) > 0 || len(o.Notes) > 0 {
			t.Errorf("without a refusal %+v, want none", o)
		}
	}
	text, err := os.ReadFile(counts)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^call (cudnn\w+) `).FindAllStringSubmatch(string(text), -1) {
		made[m[1]] = true
	}
	return made
}

// callsInSource are the calls of cuDNN that package gpu has.
func callsInSource(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../../gpu/*.go")
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]bool{}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\b(cudnn[A-Z]\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			calls[m[1]] = true
		}
	}
	return calls
}

// Whichever call of cuDNN refuses, a step computes what it should, with the other algorithms or with kernels of our
// own, and the refusal is recorded and told. A new call fails here by name until there is a way out of it or an excuse.
func TestCUDARefusals(t *testing.T) {
	gputest.NeedEmulation(t)
	symbols, err := os.ReadFile("../../gpu/forward/symbols/cudnn.txt")
	if err != nil {
		t.Fatal(err)
	}
	made, inSource := callsMade(t), callsInSource(t)
	tested := 0
	for line := range strings.Lines(string(symbols)) {
		call := strings.Fields(line)[0]
		_, excuse := excused[call]
		switch {
		case excuse:
		case inSource[call] && !made[call]:
			t.Errorf("package gpu has %s, which no step of this test calls", call)
		case made[call]:
			tested++
			t.Run(call, func(t *testing.T) { testRefusal(t, call) })
		}
	}
	if tested < 25 {
		t.Errorf("%d calls tested, want the 25 or more that steps make", tested)
	}
}

// testRefusal refuses every call of a function.
func testRefusal(t *testing.T, call string) {
	status := 3002 // NOT_SUPPORTED_SHAPE
	if strings.HasPrefix(call, "cudnnConvolution") || strings.HasPrefix(call, "cudnnPooling") {
		status = 5001 // EXECUTION_FAILED_CUDA_DRIVER
	}
	says := fmt.Sprintf("%s: status %d", call, status) // cudnnGetLastErrorString
	for i, o := range refused(t, fmt.Sprintf("%s:%d", call, status)) {
		run := refusedRuns[i]
		if i > 0 && len(o.Refused) == 0 {
			continue // this precision makes no such call
		}
		if !o.says(says) {
			t.Errorf("%v: recorded are %v, want %q", run.config.Precision, o.Refused, says)
		}
		for _, n := range o.Notes {
			if !strings.HasPrefix(n, "note: cuDNN refuses ") || !strings.Contains(n, "; resnet uses ") {
				t.Errorf("%v: note %q, want only those of refusals", run.config.Precision, n)
			}
		}
		kinds := map[string]bool{}
		for key := range o.Refused {
			kind, _, _ := strings.Cut(key, " ")
			kinds[kind] = true
		}
		if len(o.Notes) != len(kinds) {
			t.Errorf("%v: notes %q, want one of each of %d kinds", run.config.Precision, o.Notes, len(kinds))
		}
	}
}

// says finds a word in the record of every refusal.
func (o outcome) says(word string) bool {
	for _, all := range o.Refused {
		for _, why := range all {
			if !strings.Contains(why, word) {
				return false
			}
		}
	}
	return len(o.Refused) > 0
}

// Where one algorithm is refused the next is taken.
func TestCUDARefusedAlgorithm(t *testing.T) {
	gputest.NeedEmulation(t)
	for _, call := range []string{"cudnnConvolutionForward", "cudnnGetConvolutionForwardWorkspaceSize"} {
		o := refused(t, call+"#1:3000")[0]
		if !o.says("CUDNN_STATUS_NOT_SUPPORTED (3000): "+call) || len(o.Notes) != 1 {
			t.Errorf("%s: refused %v, notes %q, want algorithm 1 alone", call, o.Refused, o.Notes)
		}
		for key, names := range o.Refused {
			if len(names) != 1 || !strings.HasPrefix(key, "conv.forward ") {
				t.Errorf("%s: %s: refused %v, want algorithm 1", call, key, names)
			}
		}
	}
}

// In a deterministic run the way out is deterministic.
func TestCUDARefusedDeterministic(t *testing.T) {
	gputest.NeedEmulation(t)
	const both = "cudnnConvolutionBackwardFilter#1:5000,cudnnConvolutionBackwardData#1:5000"
	unsteady := regexp.MustCompile(`conv\.weight .*: algorithm [03],|conv\.data .*: algorithm 0,`)
	outcomes := refused(t, both)
	for i, want := range []bool{false, true} { // the first is deterministic, the second is not
		found, passes := false, map[string]bool{}
		for key, name := range outcomes[i].Instead {
			found = found || unsteady.MatchString(key+": "+name)
			pass, _, _ := strings.Cut(key, " ")
			passes[pass] = true
		}
		if found != want || !passes["conv.weight"] || !passes["conv.data"] {
			t.Errorf("run %d: instead %v: not deterministic is %v, want %v", i, outcomes[i].Instead, found, want)
		}
	}
}

const compileVariable = "RESNET_TEST_COMPILE"

// TestCUDACompiles compiles a network as often as its environment says. It is a process of TestCUDAProvenOnce.
func TestCUDACompiles(t *testing.T) {
	times, err := strconv.Atoi(os.Getenv(compileVariable))
	if err != nil {
		t.Skip("run by TestCUDAProvenOnce")
	}
	b := openCUDA(cuda.Config{})(t)
	defer b.Close()
	for range times {
		e, err := b.Compile(refusedNetwork(), nn.PlanConfig{Batch: 3, Optimizer: nn.SGD{}})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A backend runs each algorithm that it did not measure once before it relies on it, and no second time.
func TestCUDAProvenOnce(t *testing.T) {
	gputest.NeedEmulation(t)
	for _, times := range []int{1, 3} {
		counts := filepath.Join(t.TempDir(), "counts")
		cmd := exec.Command(os.Args[0], "-test.run=^TestCUDACompiles$")
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", compileVariable, times), "RESNET_EMU_COUNT="+counts)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		text, err := os.ReadFile(counts)
		if err != nil {
			t.Fatal(err)
		}
		for call, want := range map[string]int{ // of the network: four convolutions, of which three have dx
			"cudnnConvolutionForward": 4, "cudnnConvolutionBackwardFilter": 4, "cudnnConvolutionBackwardData": 3,
			"cudnnBatchNormalizationForwardTrainingEx": 1, "cudnnBatchNormalizationBackwardEx": 1,
		} {
			if !strings.Contains(string(text), fmt.Sprintf("call %s %d ", call, want)) {
				t.Errorf("compiled %d times: not %d of %s in\n%s", times, want, call, text)
			}
		}
	}
}

// A context that is lost is no refusal: it is reported as what it is, with the node.
func TestCUDARefusedForGood(t *testing.T) {
	gputest.NeedEmulation(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestCUDARefusedRun$", "-test.v")
	cmd.Env = append(os.Environ(), refusalVariable+"=1", "RESNET_EMU_FAIL=cudnnConvolutionForward:700")
	out, err := cmd.CombinedOutput()
	want := `stem: conv\.forward [^\n]*: algorithm \d, FMA: gpu: cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS`
	if err == nil || !regexp.MustCompile(want).Match(out) {
		t.Errorf("%v\n%s\nwant %s", err, out, want)
	}
}
