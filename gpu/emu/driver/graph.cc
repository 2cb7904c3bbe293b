#include "graph.h"

#include <algorithm>

#include "call.h"
#include "config.h"
#include "context.h"
#include "module.h"
#include "objects.h"

namespace emu {
namespace {

const Kind graph_kind{"graph", destroy_as<CUgraph_st>, false};
const Kind exec_kind{"executable graph", destroy_as<CUgraphExec_st>, false};

// Order collects a capture's nodes, each behind those that it waits for.
class Order {
  public:
    explicit Order(const Capture &c) : capture(c), taken(c.nodes.size()), dependents(c.nodes.size()) {
        for (size_t i = 0; i < c.nodes.size(); i++)
            if (c.nodes[i].dependent) dependents[*c.nodes[i].after.begin()].push_back(i);
    }

    // take adds a node, before it what it waits for, and right behind it its dependent, so that they can overlap.
    void take(size_t i) {
        if (taken[i]) return;
        for (const size_t before : capture.nodes[i].after) take(before);
        if (taken[i]) return;
        taken[i] = true;
        work->push_back({capture.nodes[i].op, capture.nodes[i].stream->priority, capture.nodes[i].dependent});
        for (const size_t next : dependents[i]) take(next);
    }

    // is_ready says whether nothing that a node waits for is missing.
    bool is_ready(size_t i) const {
        const std::set<size_t> &after = capture.nodes[i].after;
        return std::all_of(after.begin(), after.end(), [&](size_t before) { return taken[before]; });
    }

    // take_others adds the nodes of all streams but the first that nothing holds up.
    void take_others() {
        for (size_t i = 0; i < taken.size(); i++)
            if (capture.nodes[i].stream != capture.origin && is_ready(i)) take(i);
    }

    const std::shared_ptr<Work> work = std::make_shared<Work>();

  private:
    const Capture &capture;
    std::vector<bool> taken;
    std::vector<std::vector<size_t>> dependents;  // of each node
};

// replay does the work of a graph. All nodes have the priority given or, if that is null, their own.
void replay(const Work &work, const int *priority) {
    for (size_t i = 0, end; i < work.size(); i = end) {
        std::vector<Op> ops;
        for (end = i; end < work.size() && (end == i || work[end].dependent); end++) {
            count("graph", "node");
            count("priority", std::to_string(priority ? *priority : work[end].priority));
            if (work[end].dependent) count("graph", "dependent");
            ops.push_back(work[end].op);
        }
        if (ops.size() == 1) do_now(ops[0]);
        else do_together(ops.data(), ops.size());
    }
}

}  // namespace

CUgraph make_graph(CUcontext context, const Capture &capture) {
    Order order(capture);
    for (size_t i = 0; i < capture.nodes.size(); i++) {
        if (config().others_first) order.take_others();
        if (capture.nodes[i].stream == capture.origin) order.take(i);
    }
    for (size_t i = 0; i < capture.nodes.size(); i++) order.take(i);
    const CUgraph g = new CUgraph_st{order.work};
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
        require((flags & ~CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY) == 0, CUDA_ERROR_INVALID_VALUE, "flags %#llx",
                flags);
        require_live(graph, graph_kind, "the graph");
        *exec = new CUgraphExec_st{graph->nodes, flags != 0};
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
        for (const Step &step : *exec->nodes) {
            check_uses(step.op);
            if (step.op.module) require_module(step.op.module);
        }
        const auto nodes = exec->nodes;
        const bool priorities = exec->priorities;
        give(stream, {"graph", "launch", [=] { replay(*nodes, priorities ? nullptr : &stream->priority); }});
    });
}

}  // extern "C"

}  // namespace emu
