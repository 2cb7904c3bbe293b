#include "objects.h"

#include <map>
#include <vector>

#include "context.h"
#include "report.h"

namespace emu {
namespace {

struct Entry {
    const Kind *kind;
    CUcontext context;
    std::string made_by;
};

std::map<const void *, Entry> live;

}  // namespace

void adopt(void *object, const Kind &kind, CUcontext context) { live[object] = {&kind, context, doing_now()}; }

void drop(void *object) {
    const Kind *kind = live.at(object).kind;
    live.erase(object);
    kind->destroy(object);
}

void drop_all(CUcontext context) {
    std::vector<void *> objects;
    for (const auto &[object, entry] : live)
        if (entry.context == context && !entry.kind->owned_by_another) objects.push_back(const_cast<void *>(object));
    for (void *object : objects) drop(object);
}

bool is_live(const void *object, const Kind &kind) {
    const auto found = live.find(object);
    return found != live.end() && found->second.kind == &kind;
}

void require_live(const void *object, const Kind &kind, const char *what) {
    require(object, CUDA_ERROR_INVALID_HANDLE, "%s is null", what);
    require(is_live(object, kind), CUDA_ERROR_INVALID_HANDLE, "%s %p is not a live %s", what, object, kind.name);
    const CUcontext owner = live[object].context;
    require(!owner || owner == current_context(), CUDA_ERROR_INVALID_CONTEXT,
            "%s belongs to another context than the current one", what);
}

std::string list_live(CUcontext context) {
    std::string list;
    for (const auto &[object, entry] : live)
        if (entry.context == context && !entry.kind->owned_by_another)
            list += std::string("\n  ") + entry.kind->name + " from " + entry.made_by;
    return list;
}

}  // namespace emu
