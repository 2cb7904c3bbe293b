package cpu

import "golang.org/x/sys/unix"

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

// pinThread pins the calling thread to one processor. An error only costs speed, so it is ignored.
func pinThread(id int) {
	var set unix.CPUSet
	set.Set(id)
	_ = unix.SchedSetaffinity(0, &set)
}
