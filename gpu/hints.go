//go:build !nocuda

package gpu

// Hints for the statuses that users meet, by the driver's code and by the names of the other libraries.
var (
	driverHints = map[int]string{
		1:  "an argument is out of range",
		2:  "try a smaller batch",
		34: "this libcuda is the toolkit's stub for linking: put the driver's own first in LD_LIBRARY_PATH",
		100: "see that nvidia-smi lists a GPU, that CUDA_VISIBLE_DEVICES does not hide it " +
			"and that a container was started with --gpus all",
		101: "see nvidia-smi and CUDA_VISIBLE_DEVICES for the devices there are",
		200: "this is no machine code, or damaged: make cubins writes it anew",
		201: "no context is current on this thread: call Device.Enter first",
		209: "PTX needs compute capability 7.5 (Turing) or later, machine code the very GPU that it was made for",
		214: "the GPU's memory is failing: see nvidia-smi -q -d ECC, and reset or replace it",
		218: "the kernels are too new for this driver, or damaged: update the driver",
		221: "the driver's compiler, libnvidia-ptxjitcompiler.so.1, is missing: install the whole driver, " +
			"or assemble the kernels for this GPU (make cubins)",
		222: "the driver is older than the kernels' PTX: " + updateDriver(cudaMajor),
		223: "CUDA_DISABLE_PTX_JIT forbids the driver to compile PTX: unset it, " +
			"or assemble the kernels for this GPU (make cubins)",
		700: "a kernel went outside its memory, and the device's context is lost: run under compute-sanitizer",
		701: "a kernel asks for more registers, threads or shared memory than this GPU has",
		702: "a kernel ran longer than the display's time limit",
		716: "a kernel read or wrote at an address that is not a multiple of the element, " +
			"and the device's context is lost",
		719: "a kernel failed, and the device's context is lost: run under compute-sanitizer",
		802: "the GPUs' fabric manager is not running, or the system is still starting",
		803: "the driver's library and its kernel module have different versions: " +
			"reboot after the update, or match the container's to the host's",
		804: "the forward compatibility libcuda works on data centre GPUs only: use the driver's own",
		900: "this call may not be made while a stream is captured",
		901: "an earlier call was not allowed in the capture",
		904: "a branch was not joined: let the first stream wait for an event behind its last work",
		999: "see the system log for the driver's messages",
	}

	dnnHints = map[string]string{
		"CUDNN_STATUS_NOT_INITIALIZED":             "cuDNN needs a current context, and a driver new enough for it",
		"CUDNN_STATUS_ALLOC_FAILED":                "memory is short: try a smaller batch",
		"CUDNN_STATUS_ARCH_MISMATCH":               "this cuDNN does not support this GPU",
		"CUDNN_STATUS_VERSION_MISMATCH":            "cuDNN's libraries are of different versions: install one version",
		"CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH": "cuDNN's libraries are of different versions: install one version",
		"CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED":   "keep all of libcudnn_*.so beside libcudnn.so",
		"CUDNN_STATUS_EXECUTION_FAILED":            "a kernel failed, and the device's context may be lost",

		"CUDNN_STATUS_NOT_SUPPORTED_SUBLIBRARY_UNAVAILABLE":    "keep all of libcudnn_*.so beside libcudnn.so",
		"CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH":             "this cuDNN does not support this GPU",
		"CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED":   "host memory is short",
		"CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED": "device memory is short: try a smaller batch",
		"CUDNN_STATUS_NOT_SUPPORTED_INCOMPATIBLE_CUDA_DRIVER": updateDriver(cudaMajor) +
			", or use a cuDNN for an older CUDA",
		"CUDNN_STATUS_NOT_SUPPORTED_RUNTIME_PREREQUISITE_MISSING": "cuDNN misses a library, libnvrtc say: " +
			"keep the CUDA toolkit's libraries beside it",
	}

	blasHints = map[string]string{
		"CUBLAS_STATUS_NOT_INITIALIZED": "cuBLAS needs a current context, some free device memory " +
			"and a driver new enough for it",
		"CUBLAS_STATUS_ALLOC_FAILED":  "device memory is short: try a smaller batch",
		"CUBLAS_STATUS_ARCH_MISMATCH": "this cuBLAS does not support this GPU",
	}
)
