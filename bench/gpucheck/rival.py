"""The PyTorch that resnet is compared with: in each of its modes, as far as it works on this machine."""
import sys
from collections.abc import Collection, Sequence

from check import Check
from peer import Case, Compiling, Peer, PeerError

MODES = ("eager", "graph")  # that always work, in one process
PATIENCE = 40.0  # seconds that PyTorch has to start, or to build, compile and measure one case


class Rival:
    """A PyTorch process in some of its modes, as far as they work."""

    def __init__(self, c: Check, modes: Sequence[str], only: Collection[Case] | None = None):
        self.modes, self.only = modes, only
        self.measured: dict[str, set[Case]] = {mode: set() for mode in modes}
        self.refused: dict[str, dict[Case, str]] = {mode: {} for mode in modes}
        self.gone = ""  # why nothing more comes from it
        self._greeted = False
        self._peer = Peer(sys.executable, c.settings.peer_device, c.peer_env)

    def rate(self, c: Check, mode: str, case: Case) -> float | None:
        """Returns images per second, or None for a case that this mode does not do."""
        self.greet(c)
        if self.gone or case in self.refused[mode] or (self.only is not None and case not in self.only):
            return None
        try:
            answer = self._peer.measure(mode, case, c.settings.measure_seconds, min(PATIENCE, c.left()))
        except PeerError as e:
            self.refused[mode][case] = str(e)
            if self._peer.ended:
                self.gone = str(e)
            return None
        self.measured[mode].add(case)
        return answer["images_per_second"]

    def greet(self, c: Check) -> None:
        """Waits until it has started, which it does while others start."""
        if self._greeted:
            return
        self._greeted = True
        try:
            c.report.note(peer=self._peer.hello(min(PATIENCE, c.left())))
        except PeerError as e:
            self.gone = str(e)

    def close(self, c: Check) -> None:
        """Ends it and reports what came of it. Whatever it did, resnet passed or failed without it."""
        self._peer.close()
        for mode in self.modes:
            name, refused, measured = f"PyTorch, {mode}", self.refused[mode], self.measured[mode]
            words = "; ".join(f"{p} batch {b} {q}: {why}" for (p, b, q), why in list(refused.items())[:3])
            if measured:
                c.passed(name, f"{len(measured)} cases" + (f", not {len(refused)}: {words}" if refused else ""))
            else:
                c.skipped(name, words or self.gone or "no time was left for it")


def compile_ahead(c: Check) -> Compiling | None:
    """Lets PyTorch compile while other steps run; a process of its own, as nothing may run beside a measurement."""
    if not c.settings.compiled:
        return None
    return Compiling(c.settings.compiled, sys.executable, c.settings.peer_device, c.peer_env)


def rivals(c: Check, ahead: Compiling | None) -> list[Rival]:
    """Starts PyTorch: one process for the modes that always work, one for compile, which may take others down with it,
    and only with what has been compiled ahead, as time is short."""
    compiled, why = ahead.close() if ahead else ([], "")
    if ahead and not compiled:
        c.skipped("PyTorch, compile", f"nothing was compiled beside the other steps: {why}")
    return [Rival(c, MODES), *([Rival(c, ("compile",), compiled)] if compiled else [])]
