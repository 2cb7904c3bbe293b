// The kernels that were compiled for the host, by name.
#pragma once

#include <cuda.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace emu {

// Bound is a kernel with its arguments; thread runs one thread of it.
struct Bound {
    virtual ~Bound() = default;
    virtual void thread() = 0;
};

struct Param {
    size_t bytes, align;
    bool pointer;
};

struct HostKernel {
    std::string name;
    std::vector<Param> params;
    // bind copies the arguments, one address for each.
    std::unique_ptr<Bound> (*bind)(void (*function)(), const std::vector<const void *> &arguments);
    void (*function)();
};

// find_kernel is the kernel of that name, or null.
const HostKernel *find_kernel(const std::string &name);

void add_kernel(const HostKernel &kernel);

template <typename... A> struct Arguments : Bound {
    void (*function)(A...);
    std::tuple<A...> values;

    void thread() override { std::apply(function, values); }
};

template <typename... A, size_t... I>
std::unique_ptr<Bound> bind_arguments(void (*function)(), const std::vector<const void *> &arguments,
                                      std::index_sequence<I...>) {
    auto bound = std::make_unique<Arguments<A...>>();
    bound->function = reinterpret_cast<void (*)(A...)>(function);
    (memcpy(&std::get<I>(bound->values), arguments[I], sizeof(A)), ...);
    return bound;
}

// Registration adds a kernel as the program, or the library that holds it, is loaded.
struct Registration {
    template <typename... A> Registration(const char *name, void (*function)(A...)) {
        static_assert((std::is_trivially_copyable_v<A> && ...), "a kernel's arguments are copied as bytes");
        const auto bind = [](void (*f)(), const std::vector<const void *> &arguments) {
            return bind_arguments<A...>(f, arguments, std::index_sequence_for<A...>());
        };
        add_kernel({name,
                    {Param{sizeof(A), alignof(A), std::is_pointer_v<A>}...},
                    bind,
                    reinterpret_cast<void (*)()>(function)});
    }
};

}  // namespace emu
