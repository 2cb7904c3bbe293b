// Package nntest tests backends of package nn. It has a reference backend of readable float64 loops, whose gradients
// are checked by central differences; RunAll, a compliance suite that compares any backend with the reference;
// RunDeterminism; and RunGolden, which compares a backend with values that PyTorch computed.
//
// Only tests import it.
package nntest
