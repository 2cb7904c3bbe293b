package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"resnet/nn/cuda"
)

// moduleFile is what the NVIDIA driver's kernel module says of itself.
const moduleFile = "/proc/driver/nvidia/version"

// kernelModule is the release of the driver in the kernel, "580.65.06", or "" if there is none.
func kernelModule() string { return moduleRelease(contents(moduleFile)) }

var (
	moduleLine  = regexp.MustCompile(`Kernel Module +(?:for \S+ +)?(\d+\.\d[\d.]*)`)
	libraryName = regexp.MustCompile(`^libcuda\.so\.(\d+\.\d[\d.]*)$`)
)

// moduleRelease finds the release in the text of moduleFile.
func moduleRelease(text string) string {
	if m := moduleLine.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// driverHint is what helps where the driver's library cannot be used, given its file and the release in the kernel,
// each "" if there is none.
func driverHint(library, module string) string {
	if module == "" {
		return ""
	}
	if library == "" {
		return "the kernel has the driver (" + moduleFile +
			"), so this is a container without its library: docker run --gpus all"
	}
	file, err := filepath.EvalSymlinks(library)
	if err != nil {
		return ""
	}
	m := libraryName.FindStringSubmatch(filepath.Base(file))
	if m == nil || m[1] == module {
		return ""
	}
	return fmt.Sprintf("%s is of driver %s, the kernel's module of %s: reboot, or in a container use the host's "+
		"library (docker run --gpus all)", file, m[1], module)
}

// installDriver is how to install the driver that would prevent an error, or "" if another driver is no remedy.
func installDriver(err error) string {
	release := cuda.NeedsDriver(err)
	if release == "" {
		return ""
	}
	return installCommand(release, system{
		release: contents("/etc/os-release"), kernel: contents("/proc/sys/kernel/osrelease"),
		container: exists("/.dockerenv") || exists("/run/.containerenv"),
	})
}

// system is what decides how a driver is installed.
type system struct {
	release   string // of the distribution: /etc/os-release
	kernel    string // its release
	container bool
}

// installCommand is how to install a release of the driver or a later one on a system.
func installCommand(release string, s system) string {
	branch, _, _ := strings.Cut(release, ".")
	switch {
	case strings.Contains(s.kernel, "microsoft"):
		return "this is WSL, which has the driver of Windows: install a newer one there, from nvidia.com/drivers"
	case s.container:
		return "this is a container, which has its host's driver: install " + release + " or later there"
	case strings.Contains("\n"+s.release, "\nID=ubuntu\n"):
		return fmt.Sprintf("sudo ubuntu-drivers install nvidia:%s, then reboot", branch)
	case strings.Contains("\n"+s.release, "\nID=arch\n"):
		return "sudo pacman -Syu nvidia-open, then reboot"
	}
	return fmt.Sprintf("the driver of branch %s or later, then reboot: "+
		"docs.nvidia.com/datacenter/tesla/driver-installation-guide has the commands for this distribution", branch)
}

func contents(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(text)
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
