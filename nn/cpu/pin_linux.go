package cpu

import (
	"golang.org/x/sys/unix"
)

// usableCPUs lists the processors that this process may run on.
func usableCPUs() []int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	var cpus []int
	for i := 0; len(cpus) < set.Count(); i++ {
		if set.IsSet(i) {
			cpus = append(cpus, i)
		}
	}
	return cpus
}

// pinThread ties the calling thread to one processor. A refusal costs speed, nothing else, so it is not reported.
func pinThread(id int) {
	var set unix.CPUSet
	set.Set(id)
	_ = unix.SchedSetaffinity(0, &set)
}

// threadID tells threads apart.
func threadID() int { return unix.Gettid() }
