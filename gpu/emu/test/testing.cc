#include "testing.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace {

struct Case {
    const char *name;
    void (*body)();
};

std::vector<Case> &cases() {
    static std::vector<Case> all;
    return all;
}

int failures = 0;

}  // namespace

Test::Test(const char *name, void (*body)()) { cases().push_back({name, body}); }

void failed(const char *file, int line, const std::string &what) {
    constexpr int kTold = 10;
    if (++failures <= kTold) fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
}

bool Outcome::exited(int code) const { return WIFEXITED(status) && WEXITSTATUS(status) == code; }

bool Outcome::killed(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }

Outcome in_child(const Settings &settings, const std::function<void()> &body) {
    int pipe_ends[2];
    if (pipe(pipe_ends)) abort();
    fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        dup2(pipe_ends[1], STDERR_FILENO);
        close(pipe_ends[0]);
        close(pipe_ends[1]);
        setenv("RESNET_EMU_EXPECT", "1", 1);
        for (const auto &[name, value] : settings) setenv(name.c_str(), value.c_str(), 1);
        failures = 0;
        body();
        exit(failures ? 1 : 0);
    }
    close(pipe_ends[1]);
    Outcome o;
    char text[4096];
    for (ssize_t n; (n = read(pipe_ends[0], text, sizeof text)) > 0;) o.errors.append(text, n);
    close(pipe_ends[0]);
    waitpid(child, &o.status, 0);
    return o;
}

int main(int, char **argv) {
    int bad = 0;
    for (const Case &c : cases()) {
        const Outcome o = in_child({}, c.body);
        if (o.exited(0)) continue;
        bad++;
        printf("FAIL %s (status %#x)\n%s", c.name, o.status, o.errors.c_str());
    }
    printf("%s: %zu tests, %d failed\n", argv[0], cases().size(), bad);
    return bad ? 1 : 0;
}
