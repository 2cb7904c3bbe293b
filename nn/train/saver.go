package train

// saver writes moments on a goroutine of its own, in order and one at a time:
// the trainer waits for one before it starts the next.
type saver struct {
	moment *moment // that is being written; nil: none
	done   chan error
}

func (s *saver) start(m *moment) {
	s.moment, s.done = m, make(chan error, 1)
	done := s.done
	go func() { done <- m.write() }()
}

// ready says whether there is a moment that wait would not wait for.
func (s *saver) ready() bool { return s.moment != nil && len(s.done) > 0 }

// wait returns the moment that has been written; nil where there was none.
func (s *saver) wait() (*moment, error) {
	m := s.moment
	if m == nil {
		return nil, nil
	}
	s.moment = nil
	return m, <-s.done
}
