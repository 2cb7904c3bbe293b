package train

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"resnet/data/atomicfile"
	"resnet/data/atomicfile/disktest"
	"resnet/nn"
	"resnet/nn/safetensors"
	"resnet/nn/train/checkpoint"
	"resnet/nn/weights"
)

// mishap is a run on a disk on which something goes wrong.
type mishap struct {
	disk     *disktest.Disk
	config   Config
	options  Options
	warnings []string
	// The last checkpoint that was reported to be on the disk.
	reported       bool
	reportedEpochs int
	reportedSteps  int
	err            error
}

// shortRun is a run of a few milliseconds that writes everything: two epochs of four steps, with a checkpoint amid
// each.
func shortRun(t *testing.T) (Config, Options) {
	c, o := small(t)
	c.Epochs, c.CheckpointSteps = 2, 3
	o.Source = source(20, 6)
	return c, o
}

// suffer trains a short run on a disk. Hooks that must not end it write a file after each epoch.
func suffer(t *testing.T, d *disktest.Disk, device nn.Backend) *mishap {
	t.Helper()
	m := &mishap{disk: d}
	m.config, m.options = shortRun(t)
	o := m.options
	o.FS, o.Backend = d, device
	var dir string
	side := func(name string) error {
		return atomicfile.WriteOn(d, filepath.Join(dir, name), func(w io.Writer) error {
			_, err := io.WriteString(w, "side output")
			return err
		})
	}
	o.Hooks = Join(Lenient(Hooks{
		Start: func(s *StartInfo) error { dir = s.Dir; return nil },
		Epoch: func(e *EpochInfo) error {
			e.OnWeights(func([]safetensors.Tensor) error { return side("weights.txt") })
			return side("epoch.txt")
		},
	}, func(err error) { m.warnings = append(m.warnings, err.Error()) }), Hooks{
		Checkpoint: func(i *CheckpointInfo) error {
			m.reported, m.reportedEpochs, m.reportedSteps = true, i.Epoch, i.Step
			return nil
		},
	})
	_, m.err = Run(context.Background(), m.config, o)
	return m
}

// check continues the run in a directory on a sound disk, or begins it if it has no checkpoint, and compares what comes
// out.
func (m *mishap) check(t *testing.T, dir string, want outcome) {
	t.Helper()
	if m.err != nil && strings.Contains(m.err.Error(), "\n") {
		t.Errorf("%v: an error of several lines: %v", m.disk, m.err)
	}
	d := checkpoint.Dir(dir)
	m.checkCounted(t, d)
	if !d.Resumable() {
		m.config.Output = dir
		mustRun(t, m.config, m.options)
		outcomeOf(t, dir).compare(t, want)
		return
	}
	if _, err := Resume(context.Background(), dir, m.options); err != nil {
		t.Fatalf("%v: %v", m.disk, err)
	}
	outcomeOf(t, dir).compare(t, want)
	if t.Failed() {
		t.Fatal(m.disk)
	}
}

// checkCounted wants what the newest checkpoint counts: it is not older than the last one that was reported, and the
// weights of its epochs are there. There is none if none was reported.
func (m *mishap) checkCounted(t *testing.T, d checkpoint.Dir) {
	t.Helper()
	if !d.Resumable() {
		if m.reported {
			t.Fatalf("%v: a checkpoint was reported and is not there", m.disk)
		}
		return
	}
	s, _, f, _, err := readNewest(d)
	if err != nil {
		t.Fatalf("%v: %v", m.disk, err)
	}
	f.Close()
	if s.Epoch < m.reportedEpochs || s.Epoch == m.reportedEpochs && s.Step < m.reportedSteps {
		t.Fatalf("%v: checkpoint after %d epochs and %d steps, but one after %d and %d was reported", m.disk, s.Epoch,
			s.Step, m.reportedEpochs, m.reportedSteps)
	}
	if s.Epoch == 0 {
		return
	}
	for path, epoch := range map[string]int{d.Last(): s.Epoch, d.Best(): s.Best.Epoch} {
		if w, err := weights.ReadMetadata(path); err != nil || w.Epoch < epoch {
			t.Fatalf("%v: %s has epoch %d (%v), but the checkpoint counts epoch %d", m.disk, path, w.Epoch, err, epoch)
		}
	}
}

// undisturbed is what comes out without a mishap, and the number of operations.
func undisturbed(t *testing.T, device nn.Backend) (outcome, int) {
	m := suffer(t, &disktest.Disk{}, device)
	if m.err != nil || len(m.warnings) > 0 {
		t.Fatal(m.err, m.warnings)
	}
	return outcomeOf(t, m.config.Output), len(m.disk.Ops())
}

// every says at how many operations something happens: on the second device, which writes the same, at fewer.
var every = map[string]int{"cpu": 1, "gpu": 3}

// TestEveryOperationFails: whatever operation fails, once, the run says so, goes on if it was a side output, and ends
// otherwise so that it can be resumed to the same bits.
func TestEveryOperationFails(t *testing.T) {
	for kind, failure := range map[string]error{"cpu": syscall.ENOSPC, "gpu": syscall.EIO} {
		t.Run(kind, func(t *testing.T) {
			device := devices[kind]
			want, ops := undisturbed(t, device(nil))
			sides := 0
			for at := 1; at <= ops; at += every[kind] {
				m := suffer(t, &disktest.Disk{At: at, Err: failure}, device(nil))
				if m.err != nil {
					if !errors.Is(m.err, failure) {
						t.Fatalf("%v: error %v, want one of it", m.disk, m.err)
					}
					m.check(t, m.config.Output, want)
					continue
				}
				outcomeOf(t, m.config.Output).compare(t, want)
				if strings.HasPrefix(m.disk.Failed(), "link ") {
					continue // which has a substitute
				}
				if len(m.warnings) != 1 || !strings.Contains(m.warnings[0], ".txt: ") {
					t.Fatalf("%v: no error, and warnings %q, want one of a side output", m.disk, m.warnings)
				}
				sides++
			}
			// The second device writes the checkpoint meanwhile: which operation is whose changes from run to run.
			if every[kind] == 1 && sides < 16 {
				t.Errorf("%d of %d operations were side outputs, want those of four files", sides, ops)
			}
		})
	}
}

// TestKilledAtEveryOperation: a process that is killed at any operation leaves a run that resumes to the same bits.
func TestKilledAtEveryOperation(t *testing.T) {
	for kind, noLinks := range map[string]bool{"gpu": false, "cpu": true} {
		t.Run(kind, func(t *testing.T) {
			device := devices[kind]
			want, ops := undisturbed(t, device(nil))
			for at := 1; at <= ops+10; at += every[kind] { // without links there are more
				d := &disktest.Disk{At: at, Err: disktest.ErrKilled, Dead: true, NoLinks: noLinks}
				m := suffer(t, d, device(nil))
				m.check(t, m.config.Output, want)
			}
		})
	}
}

// TestPowerCutAtEveryOperation: if the power is cut at any operation, and only what was synced is sure to be left, the
// run resumes to the same bits from the last checkpoint that was reported, or a later one.
func TestPowerCutAtEveryOperation(t *testing.T) {
	want, ops := undisturbed(t, &fake{})
	for at := 1; at <= ops; at++ {
		m := suffer(t, &disktest.Disk{At: at, Err: disktest.ErrKilled, Dead: true}, &fake{})
		root, name := filepath.Split(m.config.Output)
		for i, loss := range disktest.Losses() {
			left := t.TempDir()
			chance := rand.New(rand.NewPCG(uint64(at), uint64(loss)))
			if err := m.disk.PowerCut(filepath.Clean(root), left, loss, chance); err != nil {
				t.Fatal(err)
			}
			if dir := filepath.Join(left, name); at%len(disktest.Losses()) == i {
				m.check(t, dir, want)
			} else {
				m.checkCounted(t, checkpoint.Dir(dir)) // training it takes longer
			}
		}
	}
}
