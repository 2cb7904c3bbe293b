package train

import (
	"resnet/data"
	"resnet/data/atomicfile"
	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/models"
	"resnet/nn/safetensors"
	"resnet/nn/train/checkpoint"
)

// Hooks are called by the training goroutine, which waits for them. They may read their argument until they return. Any
// may be nil. An error stops the run; see Lenient for those that must not.
type Hooks struct {
	Start      func(*StartInfo) error      // before the first step
	Step       func(*StepInfo) error       // for every training step, once it is queued
	Epoch      func(*EpochInfo) error      // after validation, when the epoch is saved or is being saved
	Checkpoint func(*CheckpointInfo) error // when a checkpoint is on disk, perhaps some steps after it was taken
	End        func(*Result) error         // when training has finished
}

// StartInfo describes a run that starts or resumes.
type StartInfo struct {
	Dir                    string
	FS                     atomicfile.FS // to write into Dir
	Config                 *Config
	Model                  models.Config
	Graph                  *nn.Graph
	Dataset                string
	Backend                string
	TrainImages, ValImages int
	Steps                  int   // per epoch
	Resumed                bool  // Epoch and Step count what was done before
	Epoch, Step            int   // whole epochs, and steps of the next one
	Rows                   []Row // of the epochs done

	// The network and the images, valid as long as the run. Hooks may read tensors; if a device takes several steps in
	// one call, Step sees the tensors after all of them. Epoch may also run inference, which does not affect training.
	// End may also write tensors.
	Exec   nn.Executor
	Plan   *nn.Plan
	Source *data.Source

	OnWeights OnWeights // for the initial weights; nil if Resumed
}

// OnWeights registers a function that is called with the current parameters and running statistics after the checkpoint
// that holds them is written. If training continues meanwhile it is called on another goroutine. Only a hook
// may call OnWeights.
type OnWeights func(f func(weights []safetensors.Tensor) error)

// StepInfo describes the steps of an epoch so far. Loss, accuracy and speed are those of the epoch up to about a tenth
// of a second ago, because the device runs behind the host and its metrics are polled.
type StepInfo struct {
	Epoch, Epochs   int // from 1
	Step, Steps     int // from 1
	GlobalStep      int64
	Images          int // trained on in this epoch
	LR              float64
	Train           infer.Score
	ImagesPerSecond float64 // since the start of the epoch, or of this process within it
}

// EpochInfo describes an epoch that has ended.
type EpochInfo struct {
	Row
	Epochs    int
	IsBest    bool
	Rows      []Row // of all epochs, including this one
	OnWeights OnWeights
}

// CheckpointInfo says where a checkpoint was written and what it holds.
type CheckpointInfo struct {
	Path        string
	Epoch, Step int // whole epochs, and steps of the next one
}

// Row is one epoch's line in results.csv.
type Row = checkpoint.Row

// Join combines several hooks, which are called in turn until one fails.
func Join(all ...Hooks) Hooks {
	var j Hooks
	for _, h := range all {
		j.Start = both(j.Start, h.Start)
		j.Step = both(j.Step, h.Step)
		j.Epoch = both(j.Epoch, h.Epoch)
		j.Checkpoint = both(j.Checkpoint, h.Checkpoint)
		j.End = both(j.End, h.End)
	}
	return j
}

func both[T any](a, b func(*T) error) func(*T) error {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return func(x *T) error {
		if err := a(x); err != nil {
			return err
		}
		return b(x)
	}
}

func call[T any](hook func(*T) error, x *T) error {
	if hook == nil {
		return nil
	}
	return hook(x)
}
