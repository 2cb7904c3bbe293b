"""Reads what a Go test program prints with -test.v."""
import dataclasses
import re

RUN = re.compile(r"=== (?:RUN|CONT|NAME)\s+(\S+)")
RESULT = re.compile(r"\s*--- (PASS|FAIL|SKIP): (\S+)")
SAID = re.compile(r"\s+[\w.]+\.go:\d+: ")
CRASH = re.compile(r"(?:panic|fatal error|SIG[A-Z]+|unexpected fault address)\b.*")


@dataclasses.dataclass
class Tests:
    results: dict[str, str]  # PASS, FAIL or SKIP, or "" of one that did not end, by test and subtest
    said: dict[str, list[str]]  # what each logged
    last: str  # the test that ran last
    crash: list[str]  # how the program ended early, if it did: what it wrote before, and the runtime's first lines

    def names(self, result: str) -> list[str]:
        """Returns the tests, without subtests, with a result."""
        return [name for name, r in self.results.items() if r == result and "/" not in name]

    def summary(self) -> str:
        """Returns in a line how many passed, and which did not."""
        parts = [f"{len(self.names('PASS'))} passed"] if self.names("PASS") else []
        for result, word in (("FAIL", "failed"), ("", "did not end"), ("SKIP", "skipped")):
            if names := self.names(result):
                parts.append(f"{len(names)} {word}: {', '.join(names[:6])}" + (", ..." if names[6:] else ""))
        if self.crash:
            parts.append(f"{self.last}: {' '.join(line.strip() for line in self.crash[:2])}")
        return "; ".join(parts) or "no test ran"

    def last_words(self, name: str) -> str:
        """Returns the last that a test logged, without its place in the source."""
        return SAID.sub("", self.said.get(name, [""])[-1])

    def failures(self, lines: int = 40) -> str:
        """Returns the last words of what failed. Subtests have a result when their test has ended, so that a program
        that ended early leaves many without."""
        failed = [name for name, result in self.results.items() if result == "FAIL"]
        found = [self.last, *self.said.get(self.last, [])[-3:], *self.crash] if self.crash else []
        for name in failed:
            if name in self.said:
                found += [name, *self.said[name][-3:]]
        return "\n".join(found[:lines])


def parse(output: str, errors: str) -> Tests:
    results: dict[str, str] = {}
    said: dict[str, list[str]] = {}
    current = ""
    for line in output.splitlines():
        if m := RUN.match(line):
            current = m[1]
            results.setdefault(current, "")
        elif m := RESULT.match(line):
            results[m[2]] = m[1]
        elif SAID.match(line):
            said.setdefault(current, []).append(line.rstrip()[:300])
    return Tests(results, said, current, crash_of(errors.splitlines()) or crash_of(output.splitlines()))


def crash_of(lines: list[str]) -> list[str]:
    at = next((i for i, line in enumerate(lines) if CRASH.match(line)), None)
    return [] if at is None else [line[:300] for line in lines[max(0, at - 1) : at + 12]]
