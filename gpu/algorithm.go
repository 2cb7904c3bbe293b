//go:build !nocuda

package gpu

/*
#include <cudnn.h>

// proposal is what cuDNN's three results have in common.
typedef struct {
	int algorithm, status, deterministic, math;
} proposal;

enum { MAX_PROPOSALS = 16 };

#define COPY(from, n, to) \
	for (int i = 0; i < n; i++) \
		to[i] = (proposal){from[i].algo, from[i].status, from[i].determinism == CUDNN_DETERMINISTIC, from[i].mathType}

static cudnnStatus_t proposeForward(cudnnHandle_t h, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
		cudnnConvolutionDescriptor_t c, cudnnTensorDescriptor_t y, int *n, proposal *out) {
	cudnnConvolutionFwdAlgoPerf_t found[MAX_PROPOSALS];
	cudnnStatus_t status = cudnnGetConvolutionForwardAlgorithm_v7(h, x, w, c, y, MAX_PROPOSALS, n, found);
	if (status == CUDNN_STATUS_SUCCESS) COPY(found, *n, out);
	return status;
}

static cudnnStatus_t proposeBackwardData(cudnnHandle_t h, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t dy,
		cudnnConvolutionDescriptor_t c, cudnnTensorDescriptor_t dx, int *n, proposal *out) {
	cudnnConvolutionBwdDataAlgoPerf_t found[MAX_PROPOSALS];
	cudnnStatus_t status = cudnnGetConvolutionBackwardDataAlgorithm_v7(h, w, dy, c, dx, MAX_PROPOSALS, n, found);
	if (status == CUDNN_STATUS_SUCCESS) COPY(found, *n, out);
	return status;
}

static cudnnStatus_t proposeBackwardFilter(cudnnHandle_t h, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t dy,
		cudnnConvolutionDescriptor_t c, cudnnFilterDescriptor_t dw, int *n, proposal *out) {
	cudnnConvolutionBwdFilterAlgoPerf_t found[MAX_PROPOSALS];
	cudnnStatus_t status = cudnnGetConvolutionBackwardFilterAlgorithm_v7(h, x, dy, c, dw, MAX_PROPOSALS, n, found);
	if (status == CUDNN_STATUS_SUCCESS) COPY(found, *n, out);
	return status;
}
*/
import "C"

import (
	"fmt"
	"slices"
	"strings"
)

// Algorithm is one of cuDNN's algorithms for a pass of a convolution.
type Algorithm struct {
	ID            int // in cuDNN's enumeration for the pass
	Workspace     int64
	Deterministic bool
	Math          Math // set on the convolution's descriptor before it runs
}

// String names the algorithm among those of one pass: "algorithm 1, TensorOp".
func (a Algorithm) String() string { return fmt.Sprintf("algorithm %d, %s", a.ID, a.Math) }

// Search limits which algorithms are listed.
type Search struct {
	WorkspaceLimit int64 // bytes
	// Deterministic refuses algorithms whose result may differ from run to run.
	Deterministic bool
	// Refused, if not nil, gets each algorithm that is left out because a call of cuDNN about it failed, and the error.
	Refused func(a Algorithm, err error)
}

// pass is what differs between the three passes of a convolution.
type pass struct {
	name      string
	shapes    string
	unsteady  []int // algorithms that are not deterministic, whatever cuDNN reports
	propose   func(n *C.int, out *C.proposal) C.cudnnStatus_t
	workspace func(algorithm C.int, bytes *C.size_t) C.cudnnStatus_t
}

// ForwardAlgorithms lists the algorithms for y = x * w that s allows, at least one, ranked by cuDNN's heuristics, which
// do not run them: they may still fail when they run. Where there is none the error wraps ErrRefused.
//
// To find the fastest, use Timing. cudnnFindConvolutionForwardAlgorithmEx allocates memory, times each algorithm once,
// with whatever is in the caches and including the launch, and cannot time a convolution together with the kernels
// around it.
func (h *DNN) ForwardAlgorithms(c *Convolution, x *Tensor, w *Filter, y *Tensor, s Search) ([]Algorithm, error) {
	return c.search(s, pass{
		name:   "Forward",
		shapes: fmt.Sprintf("x %s, w %s, y %s", x, w, y),
		propose: func(n *C.int, out *C.proposal) C.cudnnStatus_t {
			return C.proposeForward(h.handle, x.handle, w.handle, c.handle, y.handle, n, out)
		},
		workspace: func(algorithm C.int, bytes *C.size_t) C.cudnnStatus_t {
			return C.cudnnGetConvolutionForwardWorkspaceSize(h.handle, x.handle, w.handle, c.handle, y.handle,
				C.cudnnConvolutionFwdAlgo_t(algorithm), bytes)
		},
	})
}

// BackwardDataAlgorithms lists those for dx.
func (h *DNN) BackwardDataAlgorithms(c *Convolution, w *Filter, dy, dx *Tensor, s Search) ([]Algorithm, error) {
	return c.search(s, pass{
		name:     "BackwardData",
		shapes:   fmt.Sprintf("w %s, dy %s, dx %s", w, dy, dx),
		unsteady: []int{C.CUDNN_CONVOLUTION_BWD_DATA_ALGO_0},
		propose: func(n *C.int, out *C.proposal) C.cudnnStatus_t {
			return C.proposeBackwardData(h.handle, w.handle, dy.handle, c.handle, dx.handle, n, out)
		},
		workspace: func(algorithm C.int, bytes *C.size_t) C.cudnnStatus_t {
			return C.cudnnGetConvolutionBackwardDataWorkspaceSize(h.handle, w.handle, dy.handle, c.handle, dx.handle,
				C.cudnnConvolutionBwdDataAlgo_t(algorithm), bytes)
		},
	})
}

// BackwardFilterAlgorithms lists those for dw.
func (h *DNN) BackwardFilterAlgorithms(c *Convolution, x, dy *Tensor, dw *Filter, s Search) ([]Algorithm, error) {
	return c.search(s, pass{
		name:     "BackwardFilter",
		shapes:   fmt.Sprintf("x %s, dy %s, dw %s", x, dy, dw),
		unsteady: []int{C.CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0, C.CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3},
		propose: func(n *C.int, out *C.proposal) C.cudnnStatus_t {
			return C.proposeBackwardFilter(h.handle, x.handle, dy.handle, c.handle, dw.handle, n, out)
		},
		workspace: func(algorithm C.int, bytes *C.size_t) C.cudnnStatus_t {
			return C.cudnnGetConvolutionBackwardFilterWorkspaceSize(h.handle, x.handle, dy.handle, c.handle, dw.handle,
				C.cudnnConvolutionBwdFilterAlgo_t(algorithm), bytes)
		},
	})
}

// search lists those of cuDNN's proposals that s allows, without duplicates: proposals of different math types may
// become the same algorithm.
func (c *Convolution) search(s Search, p pass) ([]Algorithm, error) {
	if err := c.use(c.Math); err != nil {
		return nil, err
	}
	var proposals [C.MAX_PROPOSALS]C.proposal
	var n C.int
	if err := dnnStatus("cudnnGetConvolution"+p.name+"Algorithm_v7", p.propose(&n, &proposals[0])); err != nil {
		return nil, fmt.Errorf("%w (%s)", err, p.shapes)
	}
	var allowed []Algorithm
	var refused []string
	for _, proposal := range proposals[:n] {
		a, why := c.consider(s, p, proposal)
		switch {
		case why != "":
			refused = append(refused, fmt.Sprintf("algorithm %d %s", a.ID, why))
		case !slices.ContainsFunc(allowed, func(b Algorithm) bool { return a.ID == b.ID && a.Math == b.Math }):
			allowed = append(allowed, a)
		}
	}
	if len(allowed) == 0 {
		return nil, noAlgorithm(fmt.Sprintf("gpu: cuDNN has no %s convolution for %s with %s math: %s",
			p.name, p.shapes, c.Math, strings.Join(refused, ", ")))
	}
	return allowed, nil
}

// noAlgorithm says why no algorithm is allowed. It wraps ErrRefused.
type noAlgorithm string

func (e noAlgorithm) Error() string { return string(e) }
func (e noAlgorithm) Unwrap() error { return ErrRefused }

// consider converts a proposal to an algorithm, or returns why it is not allowed.
func (c *Convolution) consider(s Search, p pass, proposal C.proposal) (a Algorithm, why string) {
	a = Algorithm{ID: int(proposal.algorithm)}
	a.Deterministic = proposal.deterministic != 0 && !slices.Contains(p.unsteady, a.ID)
	if proposal.status != C.CUDNN_STATUS_SUCCESS {
		return a, "does not support this"
	}
	if s.Deterministic && !a.Deterministic {
		return a, "is not deterministic"
	}
	var allowed bool
	if a.Math, allowed = c.Math.grant(int(proposal.math)); !allowed {
		return a, "rounds its inputs"
	}
	err := c.use(a.Math)
	if err == nil {
		a.Workspace, err = p.workspaceOf(proposal)
	}
	if err != nil {
		if s.Refused != nil {
			s.Refused(a, err)
		}
		return a, err.Error()
	}
	if a.Workspace > s.WorkspaceLimit {
		return a, fmt.Sprintf("needs %s of workspace, limit %s", size(a.Workspace), size(s.WorkspaceLimit))
	}
	return a, ""
}

// workspaceOf is the size of the workspace that a proposal needs.
func (p pass) workspaceOf(proposal C.proposal) (int64, error) {
	var bytes C.size_t
	status := p.workspace(proposal.algorithm, &bytes)
	return int64(bytes), dnnStatus("cudnnGetConvolution"+p.name+"WorkspaceSize", status)
}

// grant returns the math type with which a proposal runs, and whether a convolution of math m allows it. If m is FMA, a
// proposal of cuDNN's default math runs with FMA, because the default could round float32 tensors to TF32. Conversion
// of float32 tensors to float16 is never allowed.
func (m Math) grant(proposed int) (Math, bool) {
	switch proposed {
	case C.CUDNN_FMA_MATH:
		return FMA, true
	case C.CUDNN_DEFAULT_MATH:
		return min(m, TF32), true
	case C.CUDNN_TENSOR_OP_MATH:
		return TensorOp, m != FMA
	}
	return m, false
}
