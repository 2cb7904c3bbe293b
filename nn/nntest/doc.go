// Package nntest tests backends of package nn. It holds a reference backend of readable float64 loops, gradients of
// which are checked by central differences; a compliance suite, RunAll, that compares any backend with it;
// RunDeterminism; and RunGolden, which compares a backend with values that PyTorch computed.
//
// Tests alone import it.
package nntest
