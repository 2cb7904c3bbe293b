package checkpoint

// Writer writes pending checkpoints in the background, one at a time: the caller must Wait for one before it starts the
// next.
type Writer struct {
	pending   *Pending // being written; nil: none
	observers chan []Observer
	done      chan error
}

// Start starts writing p. Once it is written, it waits for Show.
func (w *Writer) Start(p *Pending) {
	w.pending, w.observers, w.done = p, make(chan []Observer, 1), make(chan error, 1)
	observers, done := w.observers, w.done
	go func() {
		err := p.Write()
		all := <-observers
		if err == nil {
			err = p.Show(all)
		}
		done <- err
	}()
}

// Show has observers called after the checkpoint that was started last is written. It must be called once for each.
func (w *Writer) Show(all []Observer) { w.observers <- all }

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
