// Package cuda is the backend "cuda:N": one NVIDIA GPU with cuDNN, cuBLAS and kernels of our own.
//
// An executor is a plan in device memory. For each mode and number of images it keeps a program: the plan's
// instructions bound to kernels, as a list of tasks. The first run launches the tasks one by one. Then they are
// captured as one CUDA graph, in which tasks that nothing waits for run on side streams (streams.go), and each later
// step is one launch.
//
// Every op is in a file under its name in package nn. With fusion, neighbouring nodes share kernels that run on tensor
// cores: fuse.go finds those nodes, plan.go asks it once for planner and executor alike, fuse_schedule.go places their
// work, and the other fuse_*.go bind it. Where several algorithms or kernels compute the same, tuner.go decides by what
// is known or by what autotune.go measures. cuDNN may refuse to describe, list or run what it is asked for: choice.go
// runs once what was not measured, and takes the next algorithm or a kernel of our own instead, which refusals.go
// remembers and tells.
//
// Files without a build tag need no CUDA. In a build with the tag nocuda, none.go is the only file beside them: its
// functions answer [ErrNoCUDA].
package cuda
