//go:build !nocuda

package gpu

/*
#include <cublas_v2.h>
#include <cuda.h>
#include <cudnn.h>

static cublasStatus_t blasVersion(int *version) {
	int major = 0, minor = 0, patch = 0;
	cublasStatus_t status = cublasGetProperty(MAJOR_VERSION, &major);
	if (status == CUBLAS_STATUS_SUCCESS) status = cublasGetProperty(MINOR_VERSION, &minor);
	if (status == CUBLAS_STATUS_SUCCESS) status = cublasGetProperty(PATCH_LEVEL, &patch);
	*version = major * 10000 + minor * 100 + patch;
	return status;
}
*/
import "C"

import (
	"fmt"
	"strings"
)

// want is what is known of a library before it is opened.
type want struct {
	name     string
	soname   string
	install  string // what to do when it is not there
	compiled int    // the headers' version
	version  func() (int, error)
	fits     func(version int) error
}

const (
	cudaMajor = C.CUDA_VERSION / 1000
	dnnMajor  = C.CUDNN_MAJOR
	blasMajor = C.CUBLAS_VER_MAJOR
)

// wanted lists the libraries in the order of Libraries.
var wanted = [3]want{
	libDriver: {
		name:     DriverLibrary,
		soname:   "libcuda.so.1",
		install:  "install the NVIDIA driver (in a container: start it with --gpus all)",
		compiled: C.CUDA_VERSION,
		version:  driverVersion,
		fits:     driverFits,
	},
	libDNN: {
		name:     DNNLibrary,
		soname:   fmt.Sprintf("libcudnn.so.%d", dnnMajor),
		install:  fmt.Sprintf("install cuDNN %d for CUDA %d", dnnMajor, cudaMajor),
		compiled: C.CUDNN_VERSION,
		version:  func() (int, error) { return int(C.cudnnGetVersion()), nil },
		fits:     dnnFits,
	},
	libBLAS: {
		name:     BLASLibrary,
		soname:   fmt.Sprintf("libcublas.so.%d", blasMajor),
		install:  fmt.Sprintf("install CUDA %d's libraries", cudaMajor),
		compiled: C.CUBLAS_VERSION,
		version: func() (int, error) {
			var v C.int
			status := C.blasVersion(&v)
			return int(v), blasStatus("cublasGetProperty", status)
		},
		fits: blasFits,
	},
}

func driverVersion() (int, error) {
	var v C.int
	status := C.cuDriverGetVersion(&v)
	return int(v), driverStatus("cuDriverGetVersion", status)
}

// VersionString is the version of the file as its maker writes it: "13.0" for the CUDA that a driver runs, "9.28.1",
// "13.0.2"; empty where there is none.
func (l Library) VersionString() string {
	if l.Version == 0 {
		return ""
	}
	return versionString(l.Name, l.Version)
}

// versionString undoes each library's way to count: the driver 1000 for a major version and 10 for a minor one, cuBLAS
// and cuDNN 10000 and 100, cuDNN 8 1000 and 100.
func versionString(name string, v int) string {
	switch {
	case name == DriverLibrary:
		return fmt.Sprintf("%d.%d", v/1000, v%1000/10)
	case name == DNNLibrary && v < 90000:
		return fmt.Sprintf("%d.%d.%d", v/1000, v%1000/100, v%100)
	}
	return fmt.Sprintf("%d.%d.%d", v/10000, v%10000/100, v%100)
}

// driverFits holds a driver against the headers: CUDA's libraries run on drivers of their own major version, also of an
// earlier minor one, and later.
func driverFits(version int) error {
	if version >= 1000*cudaMajor {
		return nil
	}
	return fmt.Errorf("this driver runs CUDA %s, want %d.0 or later: update the NVIDIA driver, or build with CUDA %d",
		versionString(DriverLibrary, version), cudaMajor, version/1000)
}

// dnnFits holds cuDNN against the headers, blasFits cuBLAS: later minor versions keep the functions of earlier ones.
func dnnFits(version int) error { return sameMajor(DNNLibrary, version, dnnMajor) }

func blasFits(version int) error { return sameMajor(BLASLibrary, version, blasMajor) }

func sameMajor(name string, version, want int) error {
	found := versionString(name, version)
	if strings.HasPrefix(found, fmt.Sprintf("%d.", want)) {
		return nil
	}
	return fmt.Errorf("%s %s, want %d: install %s %d, or build with the headers of %s",
		name, found, want, name, want, found)
}
