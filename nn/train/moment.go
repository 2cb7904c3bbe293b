package train

import (
	"fmt"
	"io"

	"resnet/nn"
	"resnet/nn/safetensors"
	"resnet/nn/weights"
)

// moment is where a run stood, with all that is to be written of it.
type moment struct {
	trainer *trainer // for what does not change in a run
	state   state    // a copy
	tensors nn.Snapshot
	row     *Row // of the epoch that ended here; nil in the midst of one
	isBest  bool
	waiting []func([]safetensors.Tensor) error // for the weights
}

// standing is an executor that waits while its tensors are read.
type standing struct{ nn.Executor }

func (e standing) State() ([]byte, error) {
	if s, ok := e.Executor.(nn.Stateful); ok {
		return s.State()
	}
	return nil, nil
}

// write writes the files of a moment, but refuses values from which no training
// can recover: the checkpoint before is the better one. The weights come before
// the checkpoint that speaks of them, and results.csv after it: a crash in
// between repeats the epoch and writes the same weights again.
func (m *moment) write() error {
	t, s := m.trainer, &m.state
	var err error
	if s.Device, err = m.tensors.State(); err != nil {
		return err
	}
	tensors, err := weights.ReadTensors(m.tensors, t.plan.Graph, optimizerStates(t.plan.Optimizer)...)
	if err != nil {
		return err
	}
	if name := firstBroken(tensors); name != "" {
		epoch, step := s.Epoch+1, s.Step
		if m.row != nil {
			epoch, step = m.row.Epoch, t.steps()
		}
		return t.diverged(epoch, step, name+" holds NaN or infinity")
	}
	weights := tensors[:len(t.plan.Graph.Parameters())]
	for _, f := range m.waiting {
		if err := f(weights); err != nil {
			return err
		}
	}
	if err := m.writeWeights(weights); err != nil {
		return fmt.Errorf("train: weights: %w", err)
	}
	if err := writeCheckpoint(t.dir.checkpoint(), s, tensors); err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	if m.row == nil {
		return nil
	}
	return t.dir.writeResults(s.Rows)
}

// writeWeights writes those of an epoch's end.
func (m *moment) writeWeights(tensors []safetensors.Tensor) error {
	if m.row == nil {
		return nil
	}
	t := m.trainer
	about := weights.Metadata{Model: m.state.Model, Dataset: t.src.Name, Classes: t.src.ClassNames, Epoch: m.row.Epoch}
	if m.row.Val != nil {
		about.Accuracy, about.Split = m.row.Val.Accuracy, t.cfg.valSplit()
	}
	write := func(path string) error {
		return WriteFile(path, func(w io.Writer) error { return weights.Write(w, tensors, about) })
	}
	if m.isBest {
		if err := write(t.dir.best()); err != nil {
			return err
		}
	}
	return write(t.dir.last())
}
