package nn

// A Launcher is an Executor whose steps are pieces of work for a device.
type Launcher interface {
	// Launches is how many kernels, copies and fills one step on n images puts on
	// the device. What brings images and step scalars there before is not counted.
	// Such a step must have run before.
	KernelCount(m Mode, n int) (int, error)
}

// A Watcher is an Executor that can tell how long its device was at work.
type Watcher interface {
	// Watch marks the beginning and the end of each of the next steps, or groups
	// of steps that are launched as one, at most so many, on the device's own
	// clock. Nothing waits for a mark, so steps run as they do without; each costs
	// the device about a microsecond.
	StartTimeline(steps int) error
	// Watched waits for the steps that were marked, says how long they took, and
	// ends the watch.
	Timeline() (Timeline, error)
}

// Occupancy is how a device spent the time over some steps.
type Timeline struct {
	Steps int // that were marked, a group as one
	// Busy is the sum of the steps' own durations, in seconds: from the mark right
	// before the first piece of a step's work to the one right behind its last.
	Busy float64
	// Elapsed is the time from the first mark to the last, in seconds.
	Elapsed float64
}

// Idle is the share of the time in which no step was under way, 1 - Busy/Elapsed.
// Copies and kernels between two steps, such as the gathering of a batch, are
// part of it; a step's own gaps, from one kernel to the next and from its first
// mark until a launch that the device waited for arrives, are not.
func (o Timeline) Idle() float64 {
	if o.Elapsed <= 0 {
		return 0
	}
	return 1 - o.Busy/o.Elapsed
}
