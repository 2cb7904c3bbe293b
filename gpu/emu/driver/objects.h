// Every handle that is alive: what it is, which context it belongs to, which call made it.
#pragma once

#include <cuda.h>

#include <string>

namespace emu {

// Kind is a sort of object. Its handles are owned here, so that a context takes its own with it.
struct Kind {
    const char *name;         // "stream"
    void (*destroy)(void *);  // deletes it
    bool owned_by_another;    // given back with what made it: no leak of its own
};

template <typename T> void destroy_as(void *object) { delete static_cast<T *>(object); }

// adopt makes an object live; context is null for what belongs to none.
void adopt(void *object, const Kind &kind, CUcontext context);

// drop ends an object's life and deletes it.
void drop(void *object);

// drop_all ends all of a context's objects.
void drop_all(CUcontext context);

// require_live is a violation unless object lives and is of that kind and, if it belongs to a context, to the one that
// is current. What says which argument it is.
void require_live(const void *object, const Kind &kind, const char *what);

// is_live says whether an object still lives.
bool is_live(const void *object, const Kind &kind);

// list_live describes a context's objects, or with null those of none, a line each.
std::string list_live(CUcontext context);

}  // namespace emu
