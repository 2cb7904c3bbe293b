package train

import (
	"slices"
	"time"

	"resnet/nn"
	"resnet/nn/safetensors"
	"resnet/nn/train/checkpoint"
)

// checkpointer saves a run. A device that can copy its tensors aside goes on with training while they are written.
type checkpointer struct {
	exec    nn.Executor
	every   time.Duration // between checkpoints; 0: none by the clock
	steps   int64         // between checkpoints; 0: none by steps
	written func(*CheckpointInfo) error

	dir       checkpoint.Dir
	last      time.Time // when the last checkpoint was taken
	writer    checkpoint.Writer
	onWeights []func([]safetensors.Tensor) error // for the next checkpoint, see OnWeights
}

// due says whether a checkpoint is to be written in the midst of an epoch.
func (c *checkpointer) due(now time.Time, globalStep int64) bool {
	return c.steps > 0 && globalStep%c.steps == 0 || c.every > 0 && now.Sub(c.last) >= c.every
}

// addOnWeights is the OnWeights of hooks.
func (c *checkpointer) addOnWeights(f func([]safetensors.Tensor) error) {
	c.onWeights = append(c.onWeights, f)
}

// save has a checkpoint written of where the run stands, and the weights of the epoch that ended here, if there is one.
func (c *checkpointer) save(s checkpoint.State, epoch *checkpoint.Epoch) error {
	if err := c.wait(); err != nil {
		return err
	}
	p := &checkpoint.Pending{
		Dir: c.dir, Plan: c.exec.Plan(), State: s, Tensors: still{c.exec}, Epoch: epoch,
		OnWeights: slices.Clone(c.onWeights),
	}
	c.onWeights, c.last = nil, time.Now()
	async, ok := c.exec.(nn.Async)
	if !ok {
		if err := p.Write(); err != nil {
			return err
		}
		return c.tell(p)
	}
	var err error
	if p.Tensors, err = async.Snapshot(); err != nil {
		return err
	}
	c.writer.Start(p)
	return nil
}

// still is the snapshot of an executor that waits while its tensors are read.
type still struct{ nn.Executor }

func (still) State() ([]byte, error) { return nil, nil }

// wait waits for the checkpoint that is being written.
func (c *checkpointer) wait() error {
	p, err := c.writer.Wait()
	if p == nil || err != nil {
		return err
	}
	return c.tell(p)
}

// poll is wait where there is nothing to wait for.
func (c *checkpointer) poll() error {
	if !c.writer.Ready() {
		return nil
	}
	return c.wait()
}

func (c *checkpointer) tell(p *checkpoint.Pending) error {
	return call(c.written, &CheckpointInfo{Path: p.Dir.Checkpoint(), Epoch: p.State.Epoch, Step: p.State.Step})
}

// close waits for the checkpoint that is being written without telling anybody.
func (c *checkpointer) close() error {
	_, err := c.writer.Wait()
	return err
}
