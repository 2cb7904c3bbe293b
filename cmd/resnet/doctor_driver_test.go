package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The texts are those of a driver with NVIDIA's own kernel module, and of one with the open module.
func TestModuleRelease(t *testing.T) {
	for text, want := range map[string]string{
		"NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024\n" +
			"GCC version:  gcc version 11.4.0\n": "550.54.14",
		"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (by@U22)\n": "580.65.06",
		"something else": "",
		"":               "",
	} {
		if got := moduleRelease(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A driver whose library and module are of two releases needs a restart; a module without a library is a container's
// host's. Where they agree, nothing is known.
func TestDriverHint(t *testing.T) {
	dir := t.TempDir()
	library := filepath.Join(dir, "libcuda.so.1")
	write(t, filepath.Join(dir, "libcuda.so.580.65.06"), nil)
	if err := os.Symlink("libcuda.so.580.65.06", library); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct{ library, module, want string }{
		{"", "", ""},
		{"", "550.54.14", "docker run --gpus all"},
		{library, "", ""},
		{library, "580.65.06", ""},
		{library, "550.54.14", "of driver 580.65.06, the kernel's module of 550.54.14: reboot"},
		{filepath.Join(dir, "none"), "550.54.14", ""},
	} {
		if got := driverHint(c.library, c.module); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("library %q, module %q: %q, want %q", c.library, c.module, got, c.want)
		}
	}
}

func TestInstallCommand(t *testing.T) {
	const ubuntu = "PRETTY_NAME=\"Ubuntu 24.04 LTS\"\nNAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n"
	for _, c := range []struct {
		on   system
		want string
	}{
		{system{release: ubuntu, kernel: "6.8.0-40-generic"}, "sudo ubuntu-drivers install nvidia:580, then reboot"},
		{system{release: ubuntu, kernel: "5.15.153.1-microsoft-standard-WSL2"}, "this is WSL"},
		{system{release: ubuntu, container: true}, "its host's driver: install 580.65.06 or later there"},
		{system{release: "ID=arch\n"}, "sudo pacman -Syu nvidia-open, then reboot"},
		{system{release: "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"}, "the driver of branch 580 or later"},
		{system{}, "the driver of branch 580 or later"},
	} {
		if got := installCommand("580.65.06", c.on); !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.on, got, c.want)
		}
	}
}
