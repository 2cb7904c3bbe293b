package checkpoint

import (
	"encoding/binary"
	"fmt"
	"io"

	"resnet/data/atomicfile"
	"resnet/nn"
	"resnet/nn/safetensors"
	"resnet/nn/weights"
)

// Pending is a snapshot of a run that has not been written yet.
type Pending struct {
	FS      atomicfile.FS
	Dir     Dir
	Plan    *nn.Plan
	State   State // a copy
	Tensors nn.Snapshot
	// Epoch is not nil at the end of an epoch: then weights and results are written too.
	Epoch *Epoch

	parameters []safetensors.Tensor // and running statistics, once they have been written
}

// An Observer is shown the parameters and running statistics of a checkpoint after that has been written.
type Observer func([]safetensors.Tensor) error

// Show calls observers. Write must have succeeded.
func (p *Pending) Show(all []Observer) error {
	for _, f := range all {
		if err := f(p.parameters); err != nil {
			return err
		}
	}
	return nil
}

// Epoch describes the weights at the end of an epoch.
type Epoch struct {
	Weights weights.Metadata
	IsBest  bool
}

// NotFinite is the error of a checkpoint with values that are not finite, from which training cannot recover.
type NotFinite struct {
	Tensor string
	Epoch  bool // at the end of an epoch
	State  State
}

func (e *NotFinite) Error() string { return e.Tensor + " holds NaN or infinity" }

// Write writes the files. If values are not finite it returns a NotFinite and keeps the previous checkpoint. Weights
// are written before the checkpoint that counts their epoch, results.csv after it: if a run crashes in between it
// repeats the epoch and writes the same weights again.
func (p *Pending) Write() error {
	s := &p.State
	var err error
	if s.Device, err = p.Tensors.State(); err != nil {
		return err
	}
	g := p.Plan.Graph
	tensors, err := weights.ReadTensors(p.Tensors, g, OptimizerStates(p.Plan.Optimizer)...)
	if err != nil {
		return err
	}
	if name := FirstNotFinite(tensors); name != "" {
		return &NotFinite{Tensor: name, Epoch: p.Epoch != nil, State: *s}
	}
	p.parameters = tensors[:len(g.Parameters())]
	if err := p.writeWeights(); err != nil {
		return err
	}
	if err := Write(p.FS, p.Dir.Checkpoint(), s, tensors); err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	if p.Epoch == nil {
		return nil
	}
	return p.Dir.WriteResults(p.FS, s.Rows)
}

// writeWeights writes the weights files at the end of an epoch.
func (p *Pending) writeWeights() error {
	if p.Epoch == nil {
		return nil
	}
	if p.Epoch.IsBest {
		if err := WriteWeights(p.FS, p.Dir.Best(), p.parameters, p.Epoch.Weights); err != nil {
			return err
		}
	}
	return WriteWeights(p.FS, p.Dir.Last(), p.parameters, p.Epoch.Weights)
}

// WriteWeights replaces a weights file.
func WriteWeights(fsys atomicfile.FS, path string, tensors []safetensors.Tensor, about weights.Metadata) error {
	if err := atomicfile.WriteDurableOn(fsys, path, func(w io.Writer) error {
		return weights.Write(w, tensors, about)
	}); err != nil {
		return fmt.Errorf("train: weights: %w", err)
	}
	return nil
}

// OptimizerStates are the roles of an optimiser's states.
func OptimizerStates(o nn.Optimizer) []nn.Role {
	return []nn.Role{nn.Momentum, nn.SecondMoment}[:o.States()]
}

// FirstNotFinite names the first tensor with NaN or infinity, or is "".
func FirstNotFinite(tensors []safetensors.Tensor) string {
	const exponent = 0xff << 23 // all ones in NaN and infinity only
	for i := range tensors {
		p := tensors[i].Data
		for ; len(p) >= 4; p = p[4:] {
			if binary.LittleEndian.Uint32(p)&exponent == exponent {
				return tensors[i].Name
			}
		}
	}
	return ""
}
