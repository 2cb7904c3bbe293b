package nn

// What an executor on a device of its own may offer besides, so that the host
// runs ahead of it and never lets it wait.

// A Repeater is a Gatherer that takes several training steps at one call.
type Repeater interface {
	Gatherer
	// MostSteps is how many steps a call may be for, and for how many it costs
	// the host least.
	MaxSteps() int
	// Steps is Gather of a whole batch, Write of the step scalars and Run of
	// Train, for each of hypers in turn, to the same bits. The draws are those
	// of all the batches, one batch after another.
	RunSteps(set int, draws []Sample, hypers []StepParams) error
}

// A Peeker is an Executor whose metrics can be read without waiting for it.
type Peeker interface {
	// Ask wants to know the metrics as the work so far will leave them. It takes
	// the place of a question that is still open.
	RequestMetrics() error
	// Peek answers the last question; ok is false as long as the device has not
	// come that far.
	PollMetrics() (metrics [2]float64, ok bool, err error)
}

// A Snapshotter is an Executor that can set its tensors aside in passing.
type Snapshotter interface {
	// Snapshot sets aside parameters, statistics, optimiser states and what a
	// Stateful executor keeps, as the work so far will leave them, and returns
	// before that is done. It takes the place of the snapshot before.
	Snapshot() (Snapshot, error)
}

// A Snapshot is what an Executor was at one moment. It may be read on another
// goroutine while the executor goes on, until the next one or Close.
type Snapshot interface {
	Reader
	// State is that of Stateful; nil where there is nothing.
	State() ([]byte, error)
}

// A Reader gives the tensors that a Ref names, as Executor's Read does.
type Reader interface {
	Read(r Ref, p []byte) error
}
