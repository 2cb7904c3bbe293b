package train

import (
	"resnet/nn/safetensors"
	"resnet/nn/train/checkpoint"
	"resnet/nn/weights"
)

// completeWeights writes the weights files of a resumed run that somebody removed, as far as the checkpoint has their
// weights: it does at the end of an epoch. A best epoch that is lost is replaced by the last one, or by the next one if
// the checkpoint is amid that.
func (t *trainer) completeWeights(dir checkpoint.Dir) error {
	s := &t.state
	if s.Epoch == 0 {
		return nil
	}
	best := hasWeights(dir.Best(), s.Best.Epoch)
	if s.Step > 0 {
		if !best {
			t.log("note: %s: the weights of epoch %d are gone; the best is chosen anew from epoch %d on", dir.Best(),
				s.Best.Epoch, s.Epoch+1)
			t.bestLost = true
		}
		return nil // and the last weights are written at the end of this epoch
	}
	last := &s.Rows[s.Epoch-1]
	if !best {
		if s.Best.Epoch != s.Epoch {
			t.log("note: %s: the weights of epoch %d are gone; epoch %d counts as the best", dir.Best(), s.Best.Epoch,
				s.Epoch)
			s.Best = &Best{Epoch: s.Epoch, Val: last.Val}
		}
		if err := t.writeWeights(dir.Best(), last); err != nil {
			return err
		}
	}
	if hasWeights(dir.Last(), s.Epoch) {
		return nil
	}
	return t.writeWeights(dir.Last(), last)
}

// hasWeights says whether a file has the weights of an epoch, or of a later one: these are there if the run was killed
// before the checkpoint that counts the epoch was written, and it comes to them again.
func hasWeights(path string, epoch int) bool {
	m, err := weights.ReadMetadata(path)
	return err == nil && m.Epoch >= epoch
}

// writeWeights writes the current weights, which are those at the end of an epoch.
func (t *trainer) writeWeights(path string, row *Row) error {
	tensors, err := t.parameters()
	if err != nil {
		return err
	}
	t.log("note: %s was not there or of another epoch: written from the checkpoint", path)
	return checkpoint.WriteWeights(t.fs, path, tensors, t.about(*row))
}

// parameters reads the parameters and running statistics from the device.
func (t *trainer) parameters() ([]safetensors.Tensor, error) {
	return weights.ReadTensors(t.exec, t.plan.Graph)
}
