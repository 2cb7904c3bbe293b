// Graphs: captured work that is launched as one.
#pragma once

#include <memory>

#include "capture.h"

namespace emu {

// Work is a graph's nodes in an order that what they wait for allows.
using Work = std::vector<Op>;

}  // namespace emu

struct CUgraph_st {
    std::shared_ptr<const emu::Work> nodes;
};

struct CUgraphExec_st {
    std::shared_ptr<const emu::Work> nodes;
};

namespace emu {

// make_graph orders what was captured. Each node of the first stream, in turn, lets only that go before it for which it
// waits; with RESNET_EMU_ORDER=others-first the other streams' nodes run ahead as far as they can instead.
CUgraph make_graph(CUcontext context, const Capture &capture);

}  // namespace emu
