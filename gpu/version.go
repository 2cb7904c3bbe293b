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
	"errors"
	"fmt"
	"strings"
)

// want describes a library that Load opens.
type want struct {
	name     string
	soname   string
	install  string // what to do if it is missing
	compiled int    // version of the headers
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

// VersionString returns the version of the file in its usual form: "13.0" for the CUDA that a driver runs, "9.28.1",
// "13.0.2". It is empty if there is no version.
func (l Library) VersionString() string {
	if l.Version == 0 {
		return ""
	}
	return versionString(l.Name, l.Version)
}

// versionString decodes a version. The driver counts 1000 for a major version and 10 for a minor one, cuBLAS and cuDNN
// 9 count 10000 and 100, cuDNN 8 1000 and 100.
func versionString(name string, v int) string {
	switch {
	case name == DriverLibrary:
		return fmt.Sprintf("%d.%d", v/1000, v%1000/10)
	case name == DNNLibrary && v < 90000:
		return fmt.Sprintf("%d.%d.%d", v/1000, v%1000/100, v%100)
	}
	return fmt.Sprintf("%d.%d.%d", v/10000, v%10000/100, v%100)
}

// driverFits checks the version of a driver. CUDA's libraries run on drivers of their own major version, even of an
// earlier minor one, and on later drivers.
func driverFits(version int) error {
	if version >= 1000*cudaMajor {
		return nil
	}
	return &oldDriver{version: version, major: cudaMajor}
}

// oldDriver says that a driver is too old for a major version of CUDA. It wraps ErrNoLibrary.
type oldDriver struct {
	version int  // what the driver runs
	major   int  // of the CUDA that is wanted
	dnn     bool // by cuDNN, not by this build
}

func (e *oldDriver) Error() string {
	what, instead := "", "build with"
	if e.dnn {
		what, instead = fmt.Sprintf("a cuDNN for CUDA %d; ", e.major), "install cuDNN for"
	}
	text := fmt.Sprintf("%sthis driver runs CUDA %s, want %d.0 or later: %s", what,
		versionString(DriverLibrary, e.version), e.major, updateDriver(e.major))
	if runs := e.version / 1000; runs >= oldestCUDA {
		text += fmt.Sprintf(", or %s CUDA %d", instead, runs)
	}
	return text
}

func (e *oldDriver) Unwrap() error { return ErrNoLibrary }

// oldestCUDA is the oldest major version of CUDA that this package can be compiled with.
const oldestCUDA = 12

// driverReleases are the oldest releases of the Linux driver for major versions of CUDA: the table "Minimum Required
// Driver Version for CUDA Minor Version Compatibility" of the CUDA Toolkit's release notes.
var driverReleases = map[int]string{12: "525.60.13", 13: "580.65.06"}

// updateDriver says what to do about a driver that does not run a major version of CUDA.
func updateDriver(major int) string {
	if release := driverReleases[major]; release != "" {
		return "update the NVIDIA driver to " + release + " or later"
	}
	return "update the NVIDIA driver"
}

// NeedsDriver returns the release of the NVIDIA driver, "580.65.06", that would prevent an error, or "" if another
// driver is no remedy or its release is not known.
func NeedsDriver(err error) string {
	if e := (*oldDriver)(nil); errors.As(err, &e) {
		return driverReleases[e.major]
	}
	if e := (*Error)(nil); errors.As(err, &e) && (e.Name == "CUDA_ERROR_UNSUPPORTED_PTX_VERSION" ||
		e.Name == "CUDNN_STATUS_NOT_SUPPORTED_INCOMPATIBLE_CUDA_DRIVER") {
		return driverReleases[cudaMajor]
	}
	return ""
}

// dnnFits and blasFits check the versions of cuDNN and cuBLAS, of which later minor versions keep the functions of
// earlier ones.
func dnnFits(version int) error { return sameMajor(DNNLibrary, version, dnnMajor) }

// dnnRuns checks that a driver runs the CUDA that cuDNN is for, as cuDNN has the same name for each. A driver without a
// version has an error of its own.
func dnnRuns(driver int) error {
	major := int(C.cudnnGetCudartVersion()) / 1000
	if driver == 0 || driver >= 1000*major {
		return nil
	}
	return &oldDriver{version: driver, major: major, dnn: true}
}

func blasFits(version int) error { return sameMajor(BLASLibrary, version, blasMajor) }

func sameMajor(name string, version, want int) error {
	found := versionString(name, version)
	if strings.HasPrefix(found, fmt.Sprintf("%d.", want)) {
		return nil
	}
	return unusable(fmt.Sprintf("%s %s, want %d: install %s %d, or build with the headers of %s",
		name, found, want, name, want, found))
}
