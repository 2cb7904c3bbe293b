package tensorboard

import (
	"encoding/binary"
	"fmt"
	"math"

	"resnet/nn"
	"resnet/nn/infer"
	"resnet/nn/safetensors"
	"resnet/nn/train"
)

// Options choose what is recorded besides scalars, settings and the network. The hooks call the functions at the end of
// an epoch.
type Options struct {
	// Every is the minimum number of steps between two records of the metrics; 0 means 100.
	Every int

	// Weights records histograms of parameters and running statistics before the first epoch and after every epoch.
	Weights bool
	// Gradients returns the gradient of a parameter, of which a histogram is recorded. After an epoch it is the
	// gradient of the last batch.
	Gradients func(nn.Value) ([]float32, error)

	// Images reads what it needs after an epoch, such as predictions, and returns a function that draws it. That
	// function may be called on another goroutine, while training goes on.
	Images func(*train.EpochInfo) (draw func() ([]Image, error), err error)
}

// An Image is a tag and a PNG file.
type Image struct {
	Tag string // "predictions"
	PNG []byte
}

// Hooks record a run in dir, or in the run's directory if dir is empty. A resumed run continues in a new file beside
// the old one.
//
// Steps are counted over the whole run. The metrics of training are recorded about every Options.Every steps, whenever
// the trainer has read new ones, so that recording never waits for the device. They are means over the epoch so far and
// start anew with each epoch. At the last step of an epoch its final results are recorded instead. Events are written
// to the file after each epoch and with each checkpoint. An epoch's results that a run could not record before it was
// killed are recorded when it resumes, so that there is no gap.
func Hooks(dir string, o Options) train.Hooks {
	if o.Every < 1 {
		o.Every = 100
	}
	r := &recorder{Options: o, dir: dir}
	return train.Hooks{Start: r.start, Step: r.step, Epoch: r.epoch, Checkpoint: r.checkpoint, End: r.end}
}

// recorder holds the state of the hooks.
type recorder struct {
	Options
	dir   string
	w     *Writer
	later *Writer // for events that are written later, on another goroutine; see train.OnWeights
	graph *nn.Graph
	next  int64 // the first step whose metrics may be recorded

	// The metrics of the last step. Those of a step are new if they differ from these; otherwise the trainer has not
	// read them yet.
	train   infer.Score
	speed   float64
	stepped bool // at least one step has run, so there are gradients
}

// The tags of the events.
const (
	lossTrain     = "loss/train"
	lossVal       = "loss/val"
	lossTest      = "loss/test"
	accuracyTrain = "accuracy/train"
	accuracyVal   = "accuracy/val"
	accuracyTest  = "accuracy/test"
	learningRate  = "lr"
	speed         = "images_per_second"
	config        = "config"
	weights       = "weights/"   // followed by the name of the parameter
	gradients     = "gradients/" // followed by the name of the parameter
)

func (r *recorder) start(s *train.StartInfo) (err error) {
	if r.dir == "" {
		r.dir = s.Dir
	}
	done := int64(s.Epoch)*int64(s.Steps) + int64(s.Step)
	first := int64(0)    // a new run replaces all events in the directory
	var lost []train.Row // the run was killed, or the disk full, after the checkpoint that counts them was written
	if s.Resumed {
		first = done + 1
		last := lastStep(r.dir, done)
		for _, row := range s.Rows {
			if row.Step > last {
				lost = append(lost, row)
			}
		}
	}
	process := thisProcess()
	process.fs = s.FS
	if r.w, err = create(r.dir, first, process); err != nil {
		return err
	}
	for _, row := range lost {
		r.scalars(row.Step, row.LR, row.Train, row.ImagesPerSecond, row.Val)
	}
	r.later = r.w.beside()
	c, err := settingsOf(s.Config)
	if err != nil {
		return fmt.Errorf("tensorboard: %w", err)
	}
	r.w.Text(config, done,
		fmt.Sprintf("%s, %d training images, %s\n\n%s", s.Dataset, s.TrainImages, s.Backend, c.table()))
	if r.w.first || !s.Resumed {
		for _, name := range []string{"output", "data_dir", "threads", "checkpoint_seconds", "checkpoint_steps"} {
			delete(c, name) // no result depends on them
		}
		r.w.hparams(hparamsStart, hparamsStartInfo, c.encodeStart(r.w.now()))
		r.w.Graph(s.Graph)
	}
	r.graph = s.Graph
	if !s.Resumed && r.Weights {
		s.OnWeights(func(tensors []safetensors.Tensor) error { return r.weights(tensors, done) })
	}
	return r.w.Flush()
}

func (r *recorder) step(s *train.StepInfo) error {
	isNew := s.Train != r.train || s.ImagesPerSecond != r.speed
	r.train, r.speed, r.stepped = s.Train, s.ImagesPerSecond, true
	if !isNew || s.GlobalStep < r.next || s.Step == s.Steps {
		return nil
	}
	r.next = s.GlobalStep + int64(r.Every)
	r.scalars(s.GlobalStep, s.LR, s.Train, s.ImagesPerSecond, nil)
	return nil
}

func (r *recorder) epoch(e *train.EpochInfo) error {
	r.scalars(e.Step, e.LR, e.Train, e.ImagesPerSecond, e.Val)
	if r.stepped && r.Gradients != nil {
		if err := r.gradients(e.Step); err != nil {
			return err
		}
	}
	step := e.Step
	if r.Weights {
		e.OnWeights(func(tensors []safetensors.Tensor) error { return r.weights(tensors, step) })
	}
	if r.Images != nil {
		draw, err := r.Images(e)
		if err != nil {
			return fmt.Errorf("tensorboard: images: %w", err)
		}
		e.OnWeights(func([]safetensors.Tensor) error { return r.images(draw, step) })
	}
	return r.w.Flush()
}

func (r *recorder) checkpoint(*train.CheckpointInfo) error { return r.w.Flush() }

func (r *recorder) end(result *train.Result) error {
	if n := len(result.Rows); n > 0 && result.Test != nil {
		r.w.Scalars(result.Rows[n-1].Step,
			Scalar{lossTest, result.Test.Loss, "of the best epoch's weights"},
			Scalar{accuracyTest, result.Test.Accuracy, "of the best epoch's weights"})
	}
	r.w.hparams(hparamsEnd, hparamsEndInfo, encodeEnd(r.w.now()))
	return r.w.Flush()
}

func (r *recorder) scalars(step int64, lr float64, t infer.Score, imagesPerSecond float64, val *infer.Score) {
	const soFar = "mean over the epoch so far, as the weights changed"
	all := []Scalar{
		{lossTrain, t.Loss, soFar},
		{accuracyTrain, t.Accuracy, soFar},
		{learningRate, lr, "learning rate of this step"},
		{speed, imagesPerSecond, "in training, mean over the epoch so far"},
	}
	if val != nil {
		const when = "after each epoch"
		all = append(all, Scalar{lossVal, val.Loss, when}, Scalar{accuracyVal, val.Accuracy, when})
	}
	r.w.Scalars(step, all...)
}

// gradients records histograms of the gradients of the trainable parameters.
func (r *recorder) gradients(step int64) error {
	for _, v := range r.graph.Parameters() {
		if !r.graph.Param(v).Trainable {
			continue
		}
		values, err := r.Gradients(v)
		if err != nil {
			return fmt.Errorf("tensorboard: %s%s: %w", gradients, r.graph.ValueName(v), err)
		}
		r.w.Histogram(gradients+r.graph.ValueName(v), step, values)
	}
	return nil
}

// weights records histograms of parameters and running statistics, which are all float32.
func (r *recorder) weights(tensors []safetensors.Tensor, step int64) error {
	var values []float32
	for i := range tensors {
		values = values[:0]
		for p := tensors[i].Data; len(p) > 0; p = p[4:] {
			values = append(values, math.Float32frombits(binary.LittleEndian.Uint32(p)))
		}
		r.later.Histogram(weights+tensors[i].Name, step, values)
	}
	return r.later.Flush()
}

func (r *recorder) images(draw func() ([]Image, error), step int64) error {
	images, err := draw()
	if err != nil {
		return fmt.Errorf("tensorboard: images: %w", err)
	}
	for _, i := range images {
		if err := r.later.Image(i.Tag, step, i.PNG); err != nil {
			return err
		}
	}
	return r.later.Flush()
}
