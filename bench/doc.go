// Package bench measures how fast a network trains and infers on a backend, and how much of the machine's arithmetic
// that uses.
//
// A measurement makes the same calls as the training loop on random images in memory, on a GPU in device memory: Write
// or Assemble a batch, Write the step scalars, Run, or RunSteps for several steps. Speed is the median over all steps
// after a warm-up, with the 5th and 95th percentiles. On a GPU, which runs behind the host, it is the median over
// windows of steps that end with a wait for the device. Speed on a CPU is related to the peak of fused multiply-adds
// that the same threads reach in the same run, on a GPU to a large matrix product, and the speed of each op also to a
// copy within device memory. For a GPU a report also has the number of kernels of a step and its time on the device's
// own clock. A latency is measured from one image in host memory to its probabilities there.
//
// Where ops share kernels on a GPU, the time of a kernel counts for one op: that of a convolution includes the batch
// norm of its input and the sum of its output that it computes as well, and the first of several convolutions whose
// weight gradients one kernel computes includes the others. Ops without a kernel show a dash for time. Bytes and FLOPs
// of an op are those that it would need alone.
//
// A report can be compared with an earlier one of the same network and machine. Folder peers has the same network in
// PyTorch and a script that runs both alternately; gpucheck does so on a GPU.
package bench
