//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
)

// Scratch memory is of two kinds: one piece that all work of the main stream
// uses in turn, and pieces of a program's own for launches that may run beside
// others.

// workspace is where scratch memory begins; closures ask when they run.
func (e *executor) workspace() gpu.Ptr {
	if e.scratch == nil {
		return 0
	}
	return e.scratch.Ptr
}

// needScratch is called while binding; the memory is e.scratch when a step runs.
func (e *executor) needScratch(bytes int64) { e.scratchNeed = max(e.scratchNeed, bytes) }

// growScratch makes the scratch memory at least so large.
func (e *executor) growScratch(bytes int64) error {
	if e.scratch != nil && e.scratch.Bytes >= bytes || bytes == 0 {
		return nil
	}
	return e.replaceScratch(bytes)
}

// replaceScratch gives the scratch memory another size. Graphs hold its address,
// so they are captured again.
func (e *executor) replaceScratch(bytes int64) error {
	if err := e.backend.stream.Sync(); err != nil {
		return err
	}
	for _, p := range e.programs {
		if err := p.dropGraphs(); err != nil {
			return err
		}
	}
	if err := e.free(&e.scratch); err != nil {
		return err
	}
	return e.alloc(&e.scratch, "workspace", bytes)
}

// owned is device memory that goes with a program.
type bufferCloser struct{ *gpu.Buffer }

func (o bufferCloser) Close() error { return o.Free() }

// private is scratch memory of one launch: zeros before its first, and not
// shared with any other, since launches may run beside each other.
func (p *program) privateScratch(what string, bytes int64) gpu.Ptr {
	if bytes == 0 || p.bindErr != nil {
		return 0
	}
	bytes = (bytes + 3) / 4 * 4
	b, err := p.exec.backend.device.Alloc(fmt.Sprintf("%s of %s at batch size %d", what, p.exec.graph.Name, p.n), bytes)
	if err == nil {
		p.closers = append(p.closers, bufferCloser{b})
		err = p.exec.backend.stream.Fill(b.Ptr, 0, bytes)
	}
	if err != nil {
		p.bindErr = err
		return 0
	}
	return b.Ptr
}
