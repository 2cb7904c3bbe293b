package train

import (
	"time"

	"resnet/data/atomicfile"
	"resnet/nn"
	"resnet/nn/safetensors"
	"resnet/nn/train/checkpoint"
)

// checkpointer saves a run. On a device with snapshots training continues while a checkpoint is written.
type checkpointer struct {
	exec    nn.Executor
	every   time.Duration               // between checkpoints; 0: none by the clock
	steps   int64                       // between checkpoints; 0: none by steps
	written func(*CheckpointInfo) error // called for each checkpoint on disk

	fs        atomicfile.FS
	dir       checkpoint.Dir
	last      time.Time // when the last checkpoint was taken
	writer    checkpoint.Writer
	onWeights []checkpoint.Observer // for the next call of show, see OnWeights
}

// due says whether to write a checkpoint within an epoch.
func (c *checkpointer) due(now time.Time, globalStep int64) bool {
	return c.steps > 0 && globalStep%c.steps == 0 || c.every > 0 && now.Sub(c.last) >= c.every
}

// addOnWeights implements OnWeights for the hooks.
func (c *checkpointer) addOnWeights(f func([]safetensors.Tensor) error) {
	c.onWeights = append(c.onWeights, f)
}

// save writes a checkpoint of the state s and, if epoch is not nil, the weights of the epoch that has ended. On a
// device with snapshots it only starts that, after the previous checkpoint is written. Then it calls after, which may
// be nil, and shows the weights to those who registered before or in it: none of them can harm what is saved.
func (c *checkpointer) save(s checkpoint.State, epoch *checkpoint.Epoch, after func() error) error {
	if err := c.wait(); err != nil {
		return err
	}
	if after == nil {
		after = func() error { return nil }
	}
	p := &checkpoint.Pending{
		FS: c.fs, Dir: c.dir, Plan: c.exec.Plan(), State: s, Tensors: waitingSnapshot{c.exec}, Epoch: epoch,
	}
	c.last = time.Now()
	async, ok := c.exec.(nn.Async)
	if !ok {
		if err := p.Write(); err != nil {
			return err
		}
		if err := after(); err != nil {
			return err
		}
		if err := p.Show(c.registered()); err != nil {
			return err
		}
		return c.report(p)
	}
	var err error
	if p.Tensors, err = async.Snapshot(); err != nil {
		return err
	}
	c.writer.Start(p)
	err = after()
	c.writer.Show(c.registered())
	return err
}

// registered takes those who are to be shown the weights.
func (c *checkpointer) registered() []checkpoint.Observer {
	all := c.onWeights
	c.onWeights = nil
	return all
}

// waitingSnapshot makes a snapshot of an executor that is not used until it has been read.
type waitingSnapshot struct{ nn.Executor }

func (waitingSnapshot) State() ([]byte, error) { return nil, nil }

// wait waits for the checkpoint that is being written, if there is one, and reports it.
func (c *checkpointer) wait() error {
	p, err := c.writer.Wait()
	if p == nil || err != nil {
		return err
	}
	return c.report(p)
}

// poll reports a checkpoint that has been written since, without waiting.
func (c *checkpointer) poll() error {
	if !c.writer.Ready() {
		return nil
	}
	return c.wait()
}

func (c *checkpointer) report(p *checkpoint.Pending) error {
	return call(c.written, &CheckpointInfo{Path: p.Dir.Checkpoint(), Epoch: p.State.Epoch, Step: p.State.Step})
}

// close waits for the checkpoint that is being written without reporting it.
func (c *checkpointer) close() error {
	_, err := c.writer.Wait()
	return err
}
