// A small test frame: each test runs in a process of its own, as the emulation reads its settings once and aborts on
// violations that no test expects.
#pragma once

#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

using Settings = std::map<std::string, std::string>;

// Outcome is how a process ended, as waitpid tells it, and what it wrote on stderr.
struct Outcome {
    int status;
    std::string errors;

    bool exited(int code) const;
    bool killed(int signal) const;
    bool says(const std::string &text) const { return errors.find(text) != std::string::npos; }
};

// in_child runs body in a process with these settings beside RESNET_EMU_EXPECT=1.
Outcome in_child(const Settings &settings, const std::function<void()> &body);

// Test adds a test to those that main runs.
struct Test {
    Test(const char *name, void (*body)());
};

// failed reports a check that does not hold; the test goes on and fails at its end.
void failed(const char *file, int line, const std::string &what);

template <typename A, typename B>
void check_equal(const char *file, int line, const char *text, const A &a, const B &b) {
    if (!(a == b)) failed(file, line, std::string(text) + ": " + std::to_string(a) + ", want " + std::to_string(b));
}

inline void check_near(const char *file, int line, const char *text, double a, double b, double tolerance) {
    if (!(std::fabs(a - b) <= tolerance))
        failed(file, line, std::string(text) + ": " + std::to_string(a) + ", want " + std::to_string(b));
}

#define TEST(name)                              \
    static void name();                         \
    static const Test test_##name(#name, name); \
    static void name()

#define CHECK(ok) ((ok) ? void() : failed(__FILE__, __LINE__, #ok))
#define CHECK_EQUAL(a, b) check_equal(__FILE__, __LINE__, #a, a, b)
#define CHECK_NEAR(a, b, tolerance) check_near(__FILE__, __LINE__, #a, a, b, tolerance)
