// Graphs: captured work that is launched as one.
#pragma once

#include <memory>

#include "capture.h"

namespace emu {

// Step is a node of a graph; a dependent one may begin before the step in front of it has ended.
struct Step {
    Op op;
    int priority;  // of the stream that it was captured from
    bool dependent;
};

// Work is a graph's nodes in an order that what they wait for allows.
using Work = std::vector<Step>;

}  // namespace emu

struct CUgraph_st {
    std::shared_ptr<const emu::Work> nodes;
};

struct CUgraphExec_st {
    std::shared_ptr<const emu::Work> nodes;
    bool priorities;  // each node has its own
};

namespace emu {

// make_graph orders what was captured. Each node of the first stream, in turn, lets only that go before it for which it
// waits; with RESNET_EMU_ORDER=others-first the other streams' nodes run ahead as far as they can instead.
CUgraph make_graph(CUcontext context, const Capture &capture);

}  // namespace emu
