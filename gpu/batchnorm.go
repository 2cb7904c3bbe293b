//go:build !nocuda

package gpu

/*
#include <cudnn.h>
#include <stdint.h>

static const cudnnBatchNormMode_t mode = CUDNN_BATCHNORM_SPATIAL_PERSISTENT;
static const cudnnBatchNormOps_t ops = CUDNN_BATCHNORM_OPS_BN;
static const float one = 1, zero = 0;

static cudnnStatus_t batchNormForwardSize(cudnnHandle_t h, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t param,
		size_t *bytes) {
	return cudnnGetBatchNormalizationForwardTrainingExWorkspaceSize(h, mode, ops, x, NULL, x, param, NULL, bytes);
}

static cudnnStatus_t batchNormBackwardSize(cudnnHandle_t h, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t param,
		size_t *bytes) {
	return cudnnGetBatchNormalizationBackwardExWorkspaceSize(h, mode, ops, x, NULL, x, NULL, x, param, NULL, bytes);
}

static cudnnStatus_t batchNormReserveSize(cudnnHandle_t h, cudnnTensorDescriptor_t x, size_t *bytes) {
	return cudnnGetBatchNormalizationTrainingExReserveSpaceSize(h, mode, ops, NULL, x, bytes);
}

static cudnnStatus_t batchNormTrain(cudnnHandle_t h, cudnnTensorDescriptor_t x, uintptr_t xp, uintptr_t yp,
		cudnnTensorDescriptor_t param, uintptr_t weight, uintptr_t bias, double momentum,
		uintptr_t runningMean, uintptr_t runningVar, double eps, uintptr_t saveMean, uintptr_t saveInvstd,
		uintptr_t workspace, size_t workspaceBytes, uintptr_t reserve, size_t reserveBytes) {
	return cudnnBatchNormalizationForwardTrainingEx(h, mode, ops, &one, &zero, x, (void *)xp, NULL, NULL, x, (void *)yp,
		param, (void *)weight, (void *)bias, momentum, (void *)runningMean, (void *)runningVar, eps,
		(void *)saveMean, (void *)saveInvstd, NULL, (void *)workspace, workspaceBytes, (void *)reserve, reserveBytes);
}

static cudnnStatus_t batchNormInfer(cudnnHandle_t h, cudnnTensorDescriptor_t x, uintptr_t xp, uintptr_t yp,
		cudnnTensorDescriptor_t param, uintptr_t weight, uintptr_t bias, uintptr_t runningMean, uintptr_t runningVar,
		double eps) {
	return cudnnBatchNormalizationForwardInference(h, CUDNN_BATCHNORM_SPATIAL, &one, &zero, x, (void *)xp,
		x, (void *)yp, param, (void *)weight, (void *)bias, (void *)runningMean, (void *)runningVar, eps);
}

static cudnnStatus_t batchNormBackward(cudnnHandle_t h, cudnnTensorDescriptor_t x, uintptr_t xp, uintptr_t dyp,
		float beta, uintptr_t dxp, cudnnTensorDescriptor_t param, uintptr_t weight, uintptr_t dweight, uintptr_t dbias,
		double eps, uintptr_t saveMean, uintptr_t saveInvstd,
		uintptr_t workspace, size_t workspaceBytes, uintptr_t reserve, size_t reserveBytes) {
	return cudnnBatchNormalizationBackwardEx(h, mode, ops, &one, &beta, &one, &zero, x, (void *)xp, NULL, NULL,
		x, (void *)dyp, NULL, NULL, x, (void *)dxp, param, (void *)weight, NULL, (void *)dweight, (void *)dbias, eps,
		(void *)saveMean, (void *)saveInvstd, NULL, (void *)workspace, workspaceBytes, (void *)reserve, reserveBytes);
}
*/
import "C"

// BatchNorm describes batch normalisation per channel over N, H, W, with C float32 parameters and statistics each. It
// is deterministic. Training uses cuDNN's spatial persistent mode, which may add scaled integers: they overflow to NaN
// or Inf if the values span a huge range. Inference adds nothing up, and uses the plain spatial mode.
type BatchNorm struct {
	// Workspace and BackwardWorkspace are the bytes of temporary memory of the two passes. Reserve is the bytes that
	// the forward pass of training stores for the backward pass.
	Workspace, Reserve, BackwardWorkspace int64

	eps, momentum float64
	param         C.cudnnTensorDescriptor_t
}

// NewBatchNorm describes the normalisation of tensors with the type and shape of x. Momentum is the weight of the batch
// in the running statistics, as in PyTorch.
func (h *DNN) NewBatchNorm(x *Tensor, eps, momentum float64) (*BatchNorm, error) {
	b := &BatchNorm{eps: eps, momentum: momentum}
	if err := dnnStatus("cudnnCreateTensorDescriptor", C.cudnnCreateTensorDescriptor(&b.param)); err != nil {
		return nil, err
	}
	descriptors.add(b, "batch norm descriptor", "")
	if err := b.measure(h, x); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// measure derives the shape of the parameters and queries the sizes.
func (b *BatchNorm) measure(h *DNN, x *Tensor) error {
	status := C.cudnnDeriveBNTensorDescriptor(b.param, x.handle, C.CUDNN_BATCHNORM_SPATIAL_PERSISTENT)
	if err := dnnStatus("cudnnDeriveBNTensorDescriptor", status); err != nil {
		return err
	}
	var forward, backward, reserve C.size_t
	status = C.batchNormForwardSize(h.handle, x.handle, b.param, &forward)
	if err := dnnStatus("cudnnGetBatchNormalizationForwardTrainingExWorkspaceSize", status); err != nil {
		return err
	}
	status = C.batchNormBackwardSize(h.handle, x.handle, b.param, &backward)
	if err := dnnStatus("cudnnGetBatchNormalizationBackwardExWorkspaceSize", status); err != nil {
		return err
	}
	status = C.batchNormReserveSize(h.handle, x.handle, &reserve)
	b.Workspace, b.BackwardWorkspace, b.Reserve = int64(forward), int64(backward), int64(reserve)
	return dnnStatus("cudnnGetBatchNormalizationTrainingExReserveSpaceSize", status)
}

// BatchNormMemory is where the C parameters, statistics and gradients of a batch normalisation are, and its temporary
// memory. What a pass neither reads nor writes may be 0.
type BatchNormMemory struct {
	Weight, Bias, RunningMean, RunningVar Ptr
	SaveMean, SaveInvstd                  Ptr // of the batch, for the backward pass
	DWeight, DBias                        Ptr
	Workspace, Reserve                    Ptr // the sizes are BatchNorm's; the reserve is the forward pass's in both
}

// BatchNormTrain: y = (x-mean) invstd weight + bias with the batch's mean and invstd = 1/sqrt(var+eps), which are
// saved, and running = (1-momentum) running + momentum batch, with the unbiased variance.
func (h *DNN) BatchNormTrain(b *BatchNorm, x *Tensor, xp, yp Ptr, m BatchNormMemory) error {
	status := C.batchNormTrain(h.queue(), x.handle, C.uintptr_t(xp), C.uintptr_t(yp), b.param,
		C.uintptr_t(m.Weight), C.uintptr_t(m.Bias), C.double(b.momentum),
		C.uintptr_t(m.RunningMean), C.uintptr_t(m.RunningVar), C.double(b.eps),
		C.uintptr_t(m.SaveMean), C.uintptr_t(m.SaveInvstd),
		C.uintptr_t(m.Workspace), C.size_t(b.Workspace), C.uintptr_t(m.Reserve), C.size_t(b.Reserve))
	return dnnStatus("cudnnBatchNormalizationForwardTrainingEx", status)
}

// BatchNormInfer: y = (x-runningMean)/sqrt(runningVar+eps) weight + bias.
func (h *DNN) BatchNormInfer(b *BatchNorm, x *Tensor, xp, yp Ptr, m BatchNormMemory) error {
	status := C.batchNormInfer(h.queue(), x.handle, C.uintptr_t(xp), C.uintptr_t(yp), b.param,
		C.uintptr_t(m.Weight), C.uintptr_t(m.Bias), C.uintptr_t(m.RunningMean), C.uintptr_t(m.RunningVar),
		C.double(b.eps))
	return dnnStatus("cudnnBatchNormalizationForwardInference", status)
}

// BatchNormBackward: with x^ = (x-mean) invstd over m = N H W values,
//
//	dbias   = sum dy
//	dweight = sum dy x^
//	dx      = weight invstd (dy - dbias/m - x^ dweight/m) + beta dx
//
// The workspace has BackwardWorkspace bytes.
func (h *DNN) BatchNormBackward(b *BatchNorm, x *Tensor, xp, dyp, dxp Ptr, m BatchNormMemory, beta float32) error {
	status := C.batchNormBackward(h.queue(), x.handle, C.uintptr_t(xp), C.uintptr_t(dyp), C.float(beta),
		C.uintptr_t(dxp), b.param, C.uintptr_t(m.Weight), C.uintptr_t(m.DWeight), C.uintptr_t(m.DBias),
		C.double(b.eps), C.uintptr_t(m.SaveMean), C.uintptr_t(m.SaveInvstd),
		C.uintptr_t(m.Workspace), C.size_t(b.BackwardWorkspace), C.uintptr_t(m.Reserve), C.size_t(b.Reserve))
	return dnnStatus("cudnnBatchNormalizationBackwardEx", status)
}

// Close destroys the descriptor.
func (b *BatchNorm) Close() error {
	if b == nil || b.param == nil {
		return nil
	}
	status := C.cudnnDestroyTensorDescriptor(b.param)
	descriptors.remove(b)
	b.param = nil
	return dnnStatus("cudnnDestroyTensorDescriptor", status)
}
