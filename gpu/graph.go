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

// Graph is work that was captured from streams and is launched as a whole.
type Graph struct {
	exec   C.CUgraphExec
	nodes  int
	device *Device
}

// BeginCapture makes the stream record work instead of doing it, until EndCapture is called under the same Enter. Calls
// are recorded with the addresses of their operands, not with the contents of that memory. During a capture, waiting,
// allocating and loading on this thread fail and invalidate the capture.
//
// A stream that waits for an event of the capture joins it: its work becomes a branch of the graph. Branches run
// concurrently. Before EndCapture the first stream must wait for an event after the last work of each branch.
func (s *Stream) BeginCapture() error {
	s.released, s.nodePriorities = false, false
	return driverStatus("cuStreamBeginCapture", C.beginCapture(s.handle()))
}

// KeepPriorities makes the graph that is being captured from the stream run each node at the priority of the stream
// that the node was captured from. Otherwise all nodes have the priority of the stream that the graph is launched on.
// Without a capture it does nothing.
func (s *Stream) KeepPriorities() { s.nodePriorities = true }

// EndCapture ends the recording and makes the graph ready to launch. It must be called even if recording failed,
// because the stream cannot be used until then.
func (s *Stream) EndCapture() (*Graph, error) {
	s.released = false
	var flags C.ulonglong
	if s.nodePriorities {
		flags = C.CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY
	}
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
	if err := driverStatus("cuGraphInstantiate", C.cuGraphInstantiateWithFlags(&g.exec, captured, flags)); err != nil {
		return nil, err
	}
	g.device.alive.add(g, "graph", "")
	return g, nil
}

// Launch queues the work of the graph on a stream.
func (g *Graph) Launch(s *Stream) error {
	s.released = false
	return driverStatus("cuGraphLaunch", C.cuGraphLaunch(g.exec, s.handle()))
}

// Nodes returns the number of nodes of the graph: kernels, copies and so on.
func (g *Graph) Nodes() int { return g.nodes }

// Close destroys the graph; launches in progress still finish.
func (g *Graph) Close() error {
	if g == nil || g.exec == nil {
		return nil
	}
	status := C.cuGraphExecDestroy(g.exec)
	g.device.alive.remove(g)
	g.exec = nil
	return driverStatus("cuGraphExecDestroy", status)
}
