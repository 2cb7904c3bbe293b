package tensorboard

import (
	"encoding/binary"
	"fmt"
	"math"

	"resnet/nn"
	"resnet/nn/safetensors"
	"resnet/nn/train"
)

// Options say what is recorded besides scalars, settings and the network. The functions are called by hooks, at the end
// of an epoch.
type Options struct {
	// Every is the least number of steps between two records of the metrics; 0 means 100.
	Every int

	// Weights has histograms of parameters and running statistics recorded after every epoch, and before the first.
	Weights bool
	// Gradients gives the elements of a parameter's gradient, which after an epoch is its last batch's, for a
	// histogram.
	Gradients func(nn.Value) ([]float32, error)

	// Images looks at what there is to see after an epoch, such as predictions. What it returns draws that, on another
	// goroutine perhaps.
	Images func(*train.EpochInfo) (draw func() ([]Image, error), err error)
}

// An Image is a picture in PNG format.
type Image struct {
	Tag string // "predictions"
	PNG []byte
}

// Hooks record a run in dir, or where that is empty in the run's directory. A run that is resumed continues in a new
// file beside the old.
//
// Steps are counted over the whole run. Of training steps the metrics are recorded at every n-th or soon after: when
// the trainer has next looked at them, so that recording makes it wait for no device. As everywhere they are means over
// the epoch so far, and so begin anew with each epoch. An epoch's last step has the epoch's own results. What is
// recorded reaches the file after each epoch and with each checkpoint, from which a run that is killed continues.
func Hooks(dir string, o Options) train.Hooks {
	if o.Every < 1 {
		o.Every = 100
	}
	r := &recorder{Options: o, dir: dir}
	return train.Hooks{Start: r.start, Step: r.step, Epoch: r.epoch, Checkpoint: r.checkpoint, End: r.end}
}

// recorder is a run that is being recorded.
type recorder struct {
	Options
	dir   string
	w     *Writer
	later *Writer // of what need not be ready at once; see train.Later
	graph *nn.Graph
	next  int64 // the first step to record again

	// The last step's metrics. Those of a step that differ are new; the others are of a step before.
	train   train.Score
	speed   float64
	stepped bool // there was a last step, and so there are gradients
}

// The tags.
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
	weights       = "weights/"   // with the parameter's name behind it
	gradients     = "gradients/" // likewise
)

func (r *recorder) start(s *train.StartInfo) (err error) {
	if r.dir == "" {
		r.dir = s.Dir
	}
	done := int64(s.Epoch)*int64(s.Steps) + int64(s.Step)
	first := int64(0) // what a run that died at its start has left is void
	if s.Resumed {
		first = done + 1
	}
	if r.w, err = Create(r.dir, first); err != nil {
		return err
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
			delete(c, name) // on which no result depends
		}
		r.w.hparams(hparamsStart, hparamsStartInfo, c.encodeStart(r.w.now()))
		r.w.Graph(s.Graph)
	}
	r.graph = s.Graph
	if !s.Resumed && r.Weights {
		s.Later(func(tensors []safetensors.Tensor) error { return r.weights(tensors, done) })
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
		e.Later(func(tensors []safetensors.Tensor) error { return r.weights(tensors, step) })
	}
	if r.Images != nil {
		draw, err := r.Images(e)
		if err != nil {
			return fmt.Errorf("tensorboard: images: %w", err)
		}
		e.Later(func([]safetensors.Tensor) error { return r.images(draw, step) })
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

func (r *recorder) scalars(step int64, lr float64, t train.Score, imagesPerSecond float64, val *train.Score) {
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

// gradients records those of the trainable parameters.
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

// weights records parameters and running statistics, float32 each.
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
