"""Runs programs, each with a time limit and a log."""
import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any

KEPT = 48 << 10  # bytes of a program's output that the log keeps at its end; a sixth of it at its beginning
READ = 16 << 20  # bytes of a program's output that are read at all

_live: set[subprocess.Popen[bytes]] = set()
_guard: subprocess.Popen[bytes] | None = None
_lock = threading.RLock()  # a signal may come while it is held


@dataclasses.dataclass
class Ended:
    """A program that has ended, or was ended at its limit."""

    code: int | None  # None: it was ended
    output: str  # standard output
    errors: str  # standard error
    seconds: float

    @property
    def passed(self) -> bool:
        return self.code == 0

    def why(self) -> str:
        """Returns in a line how it ended."""
        if self.code is None:
            return f"stopped at its limit of {self.seconds:.0f} s"
        how = f"exit status {self.code}" if self.code >= 0 else f"ended by signal {signal.Signals(-self.code).name}"
        last = (self.errors.strip() or self.output.strip() or "no output").splitlines()[-1].strip()
        return f"{how}: {last[:300]}"

    def tail(self, lines: int = 25) -> str:
        """Returns the end of what it printed."""
        return "\n".join((self.output + self.errors).strip().splitlines()[-lines:])


def start(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Starts a program as the leader of its processes, so that all of them end with it, and it with this process."""
    p = subprocess.Popen(command, start_new_session=True, **options)
    with _lock:
        _live.add(p)
        _tell(f"+{p.pid}")
    return p


def end(p: subprocess.Popen[bytes]) -> None:
    """Ends a program and its processes and waits for it."""
    try:
        os.killpg(p.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    p.wait()
    with _lock:
        if p in _live:
            _live.discard(p)
            _tell(f"-{p.pid}")


def end_all() -> None:
    for p in list(_live):
        end(p)


def owns(folder: pathlib.Path) -> None:
    """Has a folder removed when this process is gone, even by SIGKILL."""
    with _lock:
        _tell(f"={folder}")


def _tell(line: str) -> None:
    """Tells the guard, which ends what lives and removes what is left when this process is gone."""
    global _guard
    if _guard is None:
        script = pathlib.Path(__file__).with_name("guard.py")
        _guard = subprocess.Popen([sys.executable, "-B", str(script)], stdin=subprocess.PIPE, start_new_session=True)
    assert _guard.stdin
    try:
        _guard.stdin.write(f"{line}\n".encode())
        _guard.stdin.flush()
    except BrokenPipeError:
        pass  # without a guard the programs still have their limits


def run(command: Sequence[str], log: pathlib.Path, limit: float, env: Mapping[str, str], cwd: pathlib.Path) -> Ended:
    """Runs a program for at most limit seconds and appends what it printed to the log."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code: int | None = None
        try:
            p = start(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env, cwd=cwd)
        except OSError as e:
            code = 127
            err.write(str(e).encode())
        else:
            try:
                code = p.wait(max(limit, 0.1))
            except subprocess.TimeoutExpired:
                pass
            finally:
                end(p)
        ended = Ended(code, _text(out), _text(err), time.monotonic() - began)
    how = "ok" if ended.passed else ended.why()
    text = middle_out(ended.output + ended.errors, KEPT)
    with _lock, log.open("a") as f:
        f.write(f"$ {' '.join(command)}\n{text}({how}, {ended.seconds:.1f} s)\n\n")
    return ended


def _text(file: IO[bytes]) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size <= READ:
        return file.read().decode(errors="replace")
    head = file.read(READ // 2).decode(errors="replace")
    file.seek(size - READ // 2)
    return f"{head}\n[... {size - READ} bytes left out ...]\n{file.read().decode(errors='replace')}"


def middle_out(text: str, kept: int) -> str:
    """Returns text without its middle where it is longer than kept: the end, and a sixth as much of the beginning."""
    if len(text) <= kept:
        return text
    head, tail = text[: kept // 6], text[-kept:]
    return f"{head}\n[... {len(text) - len(head) - len(tail)} characters left out ...]\n{tail}"
