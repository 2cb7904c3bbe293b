package checkpoint

// Writer writes pending checkpoints in the background, one at a time: the caller must Wait for one before it starts the
// next.
type Writer struct {
	pending *Pending // being written; nil: none
	done    chan error
}

// Start starts writing p.
func (w *Writer) Start(p *Pending) {
	w.pending, w.done = p, make(chan error, 1)
	done := w.done
	go func() { done <- p.Write() }()
}

// Ready says whether a checkpoint has been written, so that Wait returns it without waiting.
func (w *Writer) Ready() bool { return w.pending != nil && len(w.done) > 0 }

// Wait waits for the checkpoint that is being written and returns it; nil if there is none.
func (w *Writer) Wait() (*Pending, error) {
	p := w.pending
	if p == nil {
		return nil, nil
	}
	w.pending = nil
	return p, <-w.done
}
