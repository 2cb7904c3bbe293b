/* Wrapper around the toolkit's <cuda.h>, for gorgonia.org/cu v0.9.6. It comes
 * first on the include path and does two things: it keeps that package's init
 * from ending the process, and it puts back the driver-API call forms of
 * CUDA 11, which the package was written against, where CUDA 13 changed them. */
#ifndef GOSHIM_CUDA_H
#define GOSHIM_CUDA_H

#include <stdint.h>
#include <stdlib.h>
#include_next <cuda.h>

/* gorgonia.org/cu calls cuInit as the program starts, and exits where there is
 * no GPU. A program that can also train on the CPU, or say what is missing,
 * must live on: there cuInit does nothing, and package gpu calls the driver's
 * own as goshim_real_cuInit when a GPU is asked for. */
static inline CUresult goshim_real_cuInit(unsigned int flags) {
	return cuInit(flags);
}
static inline CUresult goshim_cuInit(unsigned int flags) {
	(void)flags;
	return CUDA_SUCCESS;
}
#undef cuInit
#define cuInit goshim_cuInit

#if CUDA_VERSION >= 13000

/* cuCtxCreate is now cuCtxCreate_v4(ctx, params, flags, dev). */
static inline CUresult goshim_cuCtxCreate(CUcontext *pctx, unsigned int flags, CUdevice dev) {
	return cuCtxCreate_v4(pctx, NULL, flags, dev);
}
#undef cuCtxCreate
#define cuCtxCreate goshim_cuCtxCreate

/* cuMemAdvise / cuMemPrefetchAsync take a CUmemLocation now. */
static inline CUmemLocation goshim_location(CUdevice dev) {
	CUmemLocation loc = {0};
	if (dev < 0) { /* CU_DEVICE_CPU */
		loc.type = CU_MEM_LOCATION_TYPE_HOST;
	} else {
		loc.type = CU_MEM_LOCATION_TYPE_DEVICE;
		loc.id = dev;
	}
	return loc;
}
static inline CUresult goshim_cuMemAdvise(CUdeviceptr p, size_t n, CUmem_advise advice, CUdevice dev) {
	return cuMemAdvise_v2(p, n, advice, goshim_location(dev));
}
#undef cuMemAdvise
#define cuMemAdvise goshim_cuMemAdvise

static inline CUresult goshim_cuMemPrefetchAsync(CUdeviceptr p, size_t n, CUdevice dev, CUstream s) {
	return cuMemPrefetchAsync_v2(p, n, goshim_location(dev), 0, s);
}
#undef cuMemPrefetchAsync
#define cuMemPrefetchAsync goshim_cuMemPrefetchAsync

/* The graph edge calls take an extra edge-data array. */
static inline CUresult goshim_cuGraphAddDependencies(CUgraph g, const CUgraphNode *from, const CUgraphNode *to,
                                                     size_t n) {
	return cuGraphAddDependencies_v2(g, from, to, NULL, n);
}
#undef cuGraphAddDependencies
#define cuGraphAddDependencies goshim_cuGraphAddDependencies

static inline CUresult goshim_cuGraphGetEdges(CUgraph g, CUgraphNode *from, CUgraphNode *to, size_t *n) {
	return cuGraphGetEdges_v2(g, from, to, NULL, n);
}
#undef cuGraphGetEdges
#define cuGraphGetEdges goshim_cuGraphGetEdges

#endif /* CUDA_VERSION >= 13000 */
#endif
