//go:build !nocuda

package cuda

import (
	"fmt"

	"resnet/gpu"
)

// Scratch memory is of two kinds: one workspace that all tasks of the main stream use in turn, and private memory of
// launches that may run while others do.

// workspace is the address of the scratch memory. It may change after binding, so kernels ask when they run.
func (e *executor) workspace() gpu.Ptr {
	if e.scratch == nil {
		return 0
	}
	return e.scratch.Ptr
}

// needScratch asks, while a node is bound, for a scratch memory of so many bytes when it runs.
func (e *executor) needScratch(bytes int64) { e.scratchNeed = max(e.scratchNeed, bytes) }

// growScratch makes the scratch memory at least that large.
func (e *executor) growScratch(bytes int64) error {
	if e.scratch != nil && e.scratch.Bytes >= bytes || bytes == 0 {
		return nil
	}
	return e.replaceScratch(bytes)
}

// replaceScratch allocates the scratch memory anew. Graphs hold its address, so they are dropped.
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

// bufferCloser is a buffer that is closed with a program.
type bufferCloser struct{ *gpu.Buffer }

func (o bufferCloser) Close() error { return o.Free() }

// privateScratch allocates scratch memory for one launch alone: others may run at the same time, and some kernels
// expect what they left there the last time. It holds zeros at first.
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
