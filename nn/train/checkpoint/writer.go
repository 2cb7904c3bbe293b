package checkpoint

// Writer writes pending checkpoints in the background, in order and one at a time: its user waits for one before it
// starts the next.
type Writer struct {
	pending *Pending // that is being written; nil: none
	done    chan error
}

// Start begins to write.
func (w *Writer) Start(p *Pending) {
	w.pending, w.done = p, make(chan error, 1)
	done := w.done
	go func() { done <- p.Write() }()
}

// Ready says whether there is a checkpoint that Wait would not wait for.
func (w *Writer) Ready() bool { return w.pending != nil && len(w.done) > 0 }

// Wait returns the checkpoint that has been written; nil where there was none.
func (w *Writer) Wait() (*Pending, error) {
	p := w.pending
	if p == nil {
		return nil, nil
	}
	w.pending = nil
	return p, <-w.done
}
