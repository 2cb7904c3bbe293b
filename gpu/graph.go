//go:build !nocuda

package gpu

/*
#include <cuda.h>

static CUresult beginCapture(CUstream stream) {
	return cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
}

static CUresult countNodes(CUgraph graph, size_t *nodes) {
	return cuGraphGetNodes(graph, NULL, nodes);
}
*/
import "C"

// Graph is work that was captured from a stream and is launched as one.
type Graph struct {
	exec   C.CUgraphExec
	nodes  int
	device *Device
}

// BeginCapture makes the stream record work instead of doing it, until EndCapture is called under the same Enter. What
// a call's arguments pointed to is recorded, not what was there. Waiting, allocating and loading fail on this thread
// meanwhile, and spoil the capture.
//
// Another stream that waits for an event of the capture records into it too, as a branch of the graph. Branches run
// side by side; before EndCapture the first stream must have waited for an event behind each one's last work.
func (s *Stream) BeginCapture() error {
	return driverStatus("cuStreamBeginCapture", C.beginCapture(s.handle()))
}

// EndCapture ends the recording and makes the graph ready to launch. It must be called also when recording failed: only
// then is the stream usable again.
func (s *Stream) EndCapture() (*Graph, error) {
	var captured C.CUgraph
	if err := driverStatus("cuStreamEndCapture", C.cuStreamEndCapture(s.handle(), &captured)); err != nil {
		return nil, err
	}
	defer C.cuGraphDestroy(captured)
	var nodes C.size_t
	if err := driverStatus("cuGraphGetNodes", C.countNodes(captured, &nodes)); err != nil {
		return nil, err
	}
	g := &Graph{nodes: int(nodes), device: s.device}
	if err := driverStatus("cuGraphInstantiate", C.cuGraphInstantiateWithFlags(&g.exec, captured, 0)); err != nil {
		return nil, err
	}
	g.device.alive.add(g, "graph", "")
	return g, nil
}

// Launch puts the graph's work on a stream.
func (g *Graph) Launch(s *Stream) error {
	return driverStatus("cuGraphLaunch", C.cuGraphLaunch(g.exec, s.handle()))
}

// Nodes is the number of pieces of work in the graph.
func (g *Graph) Nodes() int { return g.nodes }

// Close gives the graph back; a launch in progress is still done.
func (g *Graph) Close() error {
	if g == nil || g.exec == nil {
		return nil
	}
	status := C.cuGraphExecDestroy(g.exec)
	g.device.alive.remove(g)
	g.exec = nil
	return driverStatus("cuGraphExecDestroy", status)
}
