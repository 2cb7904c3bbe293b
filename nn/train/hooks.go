package train

import (
	"resnet/data"
	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/models"
	"resnet/nn/safetensors"
	"resnet/nn/train/checkpoint"
)

// Hooks are called by the training goroutine, which waits for them; what they are given is theirs to read until they
// return. Any may be nil. An error stops the run.
type Hooks struct {
	Start      func(*StartInfo) error      // everything is ready
	Step       func(*StepInfo) error       // after every training step, which may still be under way
	Epoch      func(*EpochInfo) error      // after validation, before the checkpoint
	Checkpoint func(*CheckpointInfo) error // a checkpoint is on disk; that of an epoch some steps later, perhaps
	End        func(*Result) error         // training has finished
}

// StartInfo describes a run that begins or continues.
type StartInfo struct {
	Dir                    string
	Config                 *Config
	Model                  models.Config
	Graph                  *nn.Graph
	Dataset                string
	Backend                string
	TrainImages, ValImages int
	Steps                  int   // per epoch
	Resumed                bool  // Epoch and Step were done before
	Epoch, Step            int   // whole epochs, and steps of the next one
	Rows                   []Row // of the epochs done

	// The network as it runs, and the images, for as long as the run. Hooks may read tensors: Step those after the
	// steps that were taken at once with its own, where a device takes several; Epoch may also run inference, after
	// which training goes on as if it had not; End, when nothing is computed any more, may write tensors as well.
	Exec   nn.Executor
	Plan   *nn.Plan
	Source *data.Source

	OnWeights OnWeights // nil if Resumed: what follows is not the beginning
}

// OnWeights has f called with the parameters and running statistics as they are now, before the checkpoint that holds
// them is written; where the device goes on with training meanwhile, on another goroutine. Only a hook may call it.
type OnWeights func(f func(weights []safetensors.Tensor) error)

// StepInfo describes the steps of an epoch so far. Loss, accuracy and speed, over the epoch so far, are as of a tenth
// of a second ago: the device runs behind the host and is asked for them now and then.
type StepInfo struct {
	Epoch, Epochs   int // from 1
	Step, Steps     int // from 1
	GlobalStep      int64
	Images          int // trained on in this epoch
	LR              float64
	Train           infer.Score
	ImagesPerSecond float64 // since the epoch or this process began
}

// EpochInfo describes an epoch that has ended.
type EpochInfo struct {
	Row
	Epochs    int
	IsBest    bool
	Rows      []Row // all, this one included
	OnWeights OnWeights
}

// CheckpointInfo says where a checkpoint was written and what it holds.
type CheckpointInfo struct {
	Path        string
	Epoch, Step int // whole epochs, and steps of the next one
}

// Row is one epoch's line in results.csv.
type Row = checkpoint.Row

// Join makes one of several hooks; each is called in turn until one fails.
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
