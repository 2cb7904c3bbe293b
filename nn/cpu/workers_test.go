package cpu

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	kernels "resnet/kernels/cpu"
	"resnet/nn"
)

// startExecutor compiles a small network for any number of threads, each pinned to the first processor or none.
func startExecutor(t *testing.T, threads int, pin bool) *executor {
	t.Helper()
	g := nn.NewGraph("test", 1, 8, 8, 3)
	x := g.Apply("normalize", nn.Normalize{Mean: []float32{0.5}, Std: []float32{0.3}}, g.Images)
	x = g.Apply("conv", nn.Conv{Out: 8, Kernel: 3, Pad: nn.Padding(1)}, x)
	x = g.Apply("bn", nn.BatchNorm{ReLU: true}, x)
	g.Loss(nn.SoftmaxCrossEntropy{}, g.Apply("fc", nn.Linear{Out: 3}, x))
	b := &backend{k: kernels.For(kernels.Best()), threads: threads, allocate: allocate}
	if pin {
		b.cpus = make([]int, threads)
	}
	compiled, err := b.Compile(g, nn.PlanConfig{Batch: 16, Optimizer: nn.SGD{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := compiled.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := nn.Initialize(compiled, g, 1); err != nil {
		t.Fatal(err)
	}
	return compiled.(*executor)
}

// outcome calls Run on a goroutine of its own and returns what it panics with, or errGoexit if its goroutine ends.
func outcome(e *executor) (ended any) {
	done := make(chan any)
	go func() {
		ended = errGoexit
		defer func() {
			if p := recover(); p != nil {
				ended = p
			}
			done <- ended
		}()
		ended = e.Run(nn.Eval, 16)
	}()
	return <-done
}

var errTask = errors.New("a task's fault")

// TestFaultOfATask: whichever thread a task panics on, or ends the goroutine of, Run ends too, and Close after it.
func TestFaultOfATask(t *testing.T) {
	for _, threads := range []int{1, 2, 5} {
		for _, pin := range []bool{false, true} {
			for _, helper := range []bool{false, true} {
				if helper && threads == 1 {
					continue
				}
				name := fmt.Sprintf("%d threads/pinned=%v/helper=%v", threads, pin, helper)
				t.Run("panic/"+name, func(t *testing.T) {
					faultOfATask(t, startExecutor(t, threads, pin), helper, func() { panic(errTask) }, errTask)
				})
				t.Run("goexit/"+name, func(t *testing.T) {
					faultOfATask(t, startExecutor(t, threads, pin), helper, runtime.Goexit, errGoexit)
				})
			}
		}
	}
}

// faultOfATask has a task fault on a helper or on worker 0.
func faultOfATask(t *testing.T, e *executor, helper bool, fault func(), want error) {
	begun := make(chan struct{})
	once := sync.OnceFunc(func() { close(begun) })
	images := &e.eval.regions[1] // has a task for each image
	images.work = func(w *worker, _ int) {
		if helper == (w.id != 0) {
			once()
			fault()
		}
		<-begun // leave a task to the worker that is meant
	}
	last := &e.eval.regions[len(e.eval.regions)-1]
	last.work = func(*worker, int) { t.Error("a region after the fault has run") }
	got := outcome(e)
	if err, ok := got.(error); !ok || !errors.Is(err, want) {
		t.Errorf("Run ended with %v, want %v", got, want)
	} else if p, ok := got.(*taskPanic); ok && !strings.Contains(p.Error(), "faultOfATask") {
		t.Errorf("%v: no stack of the task", p)
	}
	if err := e.Run(nn.Eval, 16); !errors.Is(err, errUnknown) {
		t.Errorf("a second Run: %v, want %v", err, errUnknown)
	}
}

func TestRunAfterClose(t *testing.T) {
	for _, pin := range []bool{false, true} {
		e := startExecutor(t, 2, pin)
		for range 2 {
			if err := e.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if err := e.Run(nn.Eval, 1); !errors.Is(err, errClosed) {
				t.Errorf("Run of a closed executor: %v", err)
			}
		}
	}
}

// TestCloseWaitsForRun: Close from another goroutine lets a run end first.
func TestCloseWaitsForRun(t *testing.T) {
	for _, pin := range []bool{false, true} {
		e := startExecutor(t, 3, pin)
		begun, finish := make(chan struct{}), make(chan struct{})
		once := sync.OnceFunc(func() { close(begun) })
		first := &e.eval.regions[1]
		work := first.work
		first.work = func(w *worker, task int) {
			once()
			<-finish
			work(w, task)
		}
		ran, closed := make(chan error, 1), make(chan error, 1)
		go func() { ran <- e.Run(nn.Eval, 16) }()
		<-begun
		go func() { closed <- e.Close() }()
		for range 1000 {
			runtime.Gosched()
		}
		select {
		case <-closed:
			t.Fatal("Close returned during a run")
		default:
		}
		close(finish)
		if err := <-ran; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

// TestExecutorsAtOnce: executors that run at the same time, each with threads of its own, do not disturb one another.
func TestExecutorsAtOnce(t *testing.T) {
	train := func(e *executor) ([]float32, error) {
		params := nn.SGD{}.StepParams(1, 0.1)
		if err := e.Write(nn.Ref{Value: nn.StepParamsValue}, nn.Bytes(params[:])); err != nil {
			return nil, err
		}
		pixels := make([]byte, 16*64)
		for i := range pixels {
			pixels[i] = byte(i * i)
		}
		if err := e.Write(nn.Ref{Value: e.graph.Images}, pixels); err != nil {
			return nil, err
		}
		for range 5 {
			if err := e.Run(nn.Train, 16); err != nil {
				return nil, err
			}
		}
		return slices.Clone(e.segments[nn.Params]), nil
	}
	want, err := train(startExecutor(t, 1, false))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 6 {
		e := startExecutor(t, 1+i%3, i%2 == 0)
		all.Go(func() {
			if got, err := train(e); err != nil || !slices.Equal(got, want) {
				t.Errorf("executor %d: error %v, or other weights than alone", i, err)
			}
		})
	}
	all.Wait()
}
