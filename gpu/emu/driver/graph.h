// Graphs: captured work that is launched as one.
#pragma once

#include <memory>

#include "capture.h"

struct CUgraph_st {
    std::shared_ptr<const emu::Nodes> nodes;
};

struct CUgraphExec_st {
    std::shared_ptr<const emu::Nodes> nodes;
};

namespace emu {

CUgraph make_graph(CUcontext context, std::shared_ptr<const Nodes> nodes);

}  // namespace emu
