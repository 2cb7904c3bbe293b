// Fibers: stacks to switch between, for a block's threads that wait for each other.
#pragma once

namespace emu {

class Fiber {
  public:
    // A fiber runs main, which must never return, when it is first resumed.
    explicit Fiber(void (*main)());
    ~Fiber();
    Fiber(const Fiber &) = delete;
    Fiber &operator=(const Fiber &) = delete;

    // resume runs the fiber until it yields.
    void resume();

    // yield returns from the resume of the fiber that is running, and pass goes on with another one instead. Passing
    // among fibers that wait at one place keeps the processor's prediction of returns right, which makes it several
    // times quicker.
    static void yield();
    static void pass(Fiber &to);

    // running is the fiber that is running.
    static Fiber *running;

    // restart forgets where the fiber was: what is on its stack is gone.
    void restart();

  private:
    void (*const main)();
    char *const stack, *const begin;  // its lowest address, and where it begins
    void *top;                        // its stack pointer while it is not running
};

}  // namespace emu
