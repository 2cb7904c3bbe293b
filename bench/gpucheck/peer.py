"""PyTorch, measured by bench/peers/train_throughput_cuda.py in a process that stays: it starts and compiles once."""
import json
import os
import pathlib
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence

import process

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "peers" / "train_throughput_cuda.py"

Case = tuple[str, int, str]  # phase, batch size, precision


class PeerError(Exception):
    """PyTorch cannot be measured, and why, in a line."""


class Peer:
    """A PyTorch that measures one case after the other, each in the mode that is asked for."""

    def __init__(self, python: str, device: str, env: Mapping[str, str], script: pathlib.Path = SCRIPT):
        self._errors = tempfile.TemporaryFile()
        self._read = b""
        self._p = process.start([python, "-B", str(script), "--serve", "--device", device], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=self._errors, env=env)
        assert self._p.stdin and self._p.stdout  # pipes, as asked for
        self._to, self._from = self._p.stdin, self._p.stdout

    def hello(self, limit: float) -> dict:
        """Returns what PyTorch calls itself and its device."""
        return self.answer(limit)

    def measure(self, mode: str, case: Case, seconds: float, limit: float) -> dict:
        """Measures a case; what fails with this case only raises PeerError and leaves the others possible."""
        self.ask(mode, case, seconds)
        answer = self.answer(limit)
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer

    def ask(self, mode: str, case: Case, seconds: float) -> None:
        phase, batch, precision = case
        line = f"--mode {mode} --phase {phase} --batch {batch} --precision {precision} --seconds {seconds}\n"
        try:
            self._to.write(line.encode())
            self._to.flush()
        except OSError:
            raise PeerError(self._died()) from None

    def close(self) -> None:
        process.end(self._p)
        self._to.close()
        self._from.close()
        self._errors.close()

    @property
    def ended(self) -> bool:
        return self._p.poll() is not None

    def answer(self, limit: float) -> dict:
        """Returns the next answer to what was asked."""
        end = time.monotonic() + limit
        while b"\n" not in self._read:
            ready, _, _ = select.select([self._from], [], [], max(0, end - time.monotonic()))
            if not ready:
                process.end(self._p)
                raise PeerError(f"no answer within {limit:.0f} s" if limit else "no answer yet")
            part = os.read(self._from.fileno(), 1 << 16)
            if not part:
                raise PeerError(self._died())
            self._read += part
        line, self._read = self._read.split(b"\n", 1)
        return json.loads(line)

    def _died(self) -> str:
        process.end(self._p)
        self._errors.seek(0)
        last = (self._errors.read().decode(errors="replace").strip() or "it ended without a word").splitlines()[-1]
        return last[:300]


class Compiling:
    """Fills torch.compile's cache beside other work, so that another process compiles in seconds what this one has."""

    def __init__(self, cases: Sequence[Case], python: str, device: str, env: Mapping[str, str],
                 script: pathlib.Path = SCRIPT):
        self._cases = cases
        self._peer = Peer(python, device, env, script)
        try:
            for case in cases:
                self._peer.ask("compile", case, 0)
        except PeerError:
            pass  # close says why

    def close(self) -> tuple[list[Case], str]:
        """Ends it and returns what it has compiled, and where that is nothing, why."""
        done: list[Case] = []
        why = ""
        try:
            self._peer.hello(0)
            for case in self._cases:
                answer = self._peer.answer(0)
                if "error" in answer:
                    why = why or answer["error"]
                else:
                    done.append(case)
        except PeerError as e:
            why = why or str(e)
        self._peer.close()
        return done, why
