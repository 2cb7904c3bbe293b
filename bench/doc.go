// Package bench measures how fast a network trains and infers on a backend,
// and how much of the machine's arithmetic that uses.
//
// A measurement takes the same calls as the training loop, on random images
// that lie in memory, on a GPU in its own: Write or Gather images and labels,
// Write step scalars, then Run. Speed is quoted as the median over all steps
// after a warm-up, with the 5th and the 95th percentile beside it; on a GPU,
// which runs behind the host, over windows of steps that end with a wait for it.
// On a CPU it is related to the peak of fused multiply-adds that the same
// threads reach in the same run. Folder peers holds the same
// network in PyTorch and a script that runs both in turn.
package bench
