// Package bench measures how fast a network trains and infers on a backend, and how much of the machine's arithmetic
// that uses.
//
// A measurement takes the same calls as the training loop, on random images that lie in memory, on a GPU in its own:
// Write or Gather images and labels, Write step scalars, then Run. Speed is quoted as the median over all steps after a
// warm-up, with the 5th and the 95th percentile beside it; on a GPU, which runs behind the host, over windows of steps
// that end with a wait for it. On a CPU it is related to the peak of fused multiply-adds that the same threads reach in
// the same run, on a GPU to a large matrix product, and each op besides to a copy within device memory. A GPU's steps
// are also counted in launches and watched on its own clock. A latency is measured from one image in the host's memory
// to its probabilities there.
//
// Where ops share kernels on a GPU, time by op counts to the op that a kernel is named after: a convolution's holds
// that of the batch norm it reads through and of the sum that it ends with, and the first convolution's of some whose
// weight gradients one kernel makes holds theirs. Ops without a kernel show a dash; the least that an op moves and
// computes is what it would be by itself all the same.
//
// A report can be held against an earlier one of the same network and machine. Folder peers holds the same network in
// PyTorch and a script that runs both in turn; gpucheck does so on a GPU.
package bench
