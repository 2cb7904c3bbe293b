#include "graph.h"

#include "call.h"
#include "context.h"
#include "module.h"
#include "objects.h"

namespace emu {
namespace {

const Kind graph_kind{"graph", destroy_as<CUgraph_st>, false};
const Kind exec_kind{"executable graph", destroy_as<CUgraphExec_st>, false};

}  // namespace

CUgraph make_graph(CUcontext context, std::shared_ptr<const Nodes> nodes) {
    const CUgraph g = new CUgraph_st{nodes};
    adopt(g, graph_kind, context);
    return g;
}

extern "C" {

// The nodes themselves have no handles here: only their number is told.
CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
    return driver(__func__, kContext, [&] {
        require_live(graph, graph_kind, "the graph");
        require(count, CUDA_ERROR_INVALID_VALUE, "the count is null");
        if (nodes) refuse(CUDA_ERROR_NOT_SUPPORTED, "the emulation has no handles of nodes");
        *count = graph->nodes->size();
    });
}

CUresult cuGraphDestroy(CUgraph graph) {
    return driver(__func__, kContext, [&] {
        require_live(graph, graph_kind, "the graph");
        drop(graph);
    });
}

CUresult cuGraphInstantiate(CUgraphExec *exec, CUgraph graph, unsigned long long flags) {
    return driver(__func__, kContext, [&] {
        require(exec, CUDA_ERROR_INVALID_VALUE, "the result pointer is null");
        require(flags == 0, CUDA_ERROR_INVALID_VALUE, "flags %#llx", flags);
        require_live(graph, graph_kind, "the graph");
        *exec = new CUgraphExec_st{graph->nodes};
        adopt(*exec, exec_kind, current_context());
    });
}

// A launch that has not been done yet keeps the nodes.
CUresult cuGraphExecDestroy(CUgraphExec exec) {
    return driver(__func__, kContext, [&] {
        require_live(exec, exec_kind, "the graph");
        drop(exec);
    });
}

CUresult cuGraphLaunch(CUgraphExec exec, CUstream handle) {
    return driver(__func__, kGivesWork, [&] {
        require_live(exec, exec_kind, "the graph");
        const CUstream stream = stream_of(handle);
        forbid_captured(stream);
        for (const Op &node : *exec->nodes) {
            check_uses(node);
            if (node.module) require_module(node.module);
        }
        const auto nodes = exec->nodes;
        give(stream, {"graph", "launch", [nodes] {
                          for (const Op &node : *nodes) {
                              count("graph", "node");
                              do_now(node);
                          }
                      }});
    });
}

}  // extern "C"

}  // namespace emu
