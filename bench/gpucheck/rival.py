"""The PyTorch that resnet is compared with: in each of its modes, as far as it works on this machine."""
import sys
from collections.abc import Collection

from check import Check
from peer import Case, Compiling, Peer, PeerError

PATIENCE = 40.0  # seconds that PyTorch has to start, or to build, compile and measure one case


class Rival:
    """PyTorch in one mode, as far as it works."""

    def __init__(self, c: Check, mode: str, only: Collection[Case] | None = None):
        self.mode, self.only, self.measured = mode, only, set[Case]()
        self.refused: dict[Case, str] = {}
        self.gone = ""  # why nothing more comes from it
        self._peer = Peer(mode, sys.executable, c.settings.peer_device, c.peer_env)
        try:
            c.report.peer = self._peer.hello(min(PATIENCE, c.left()))
        except PeerError as e:
            self.gone = str(e)

    def rate(self, case: Case, seconds: float, left: float) -> float | None:
        """Returns images per second, or None for a case that this mode does not do."""
        if self.gone or case in self.refused or (self.only is not None and case not in self.only):
            return None
        try:
            rate = self._peer.measure(case, seconds, min(PATIENCE, left))["images_per_second"]
        except PeerError as e:
            self.refused[case] = str(e)
            if self._peer.ended:
                self.gone = str(e)
            return None
        self.measured.add(case)
        return rate

    def close(self, c: Check) -> None:
        """Ends it and reports what came of it. Whatever it did, resnet passed or failed without it."""
        self._peer.close()
        name = f"PyTorch, {self.mode}"
        refused = "; ".join(f"{p} batch {b} {q}: {why}" for (p, b, q), why in list(self.refused.items())[:3])
        if self.measured:
            c.passed(name, f"{len(self.measured)} cases" + (f", not {len(self.refused)}: {refused}" if refused else ""))
        else:
            c.skipped(name, refused or self.gone or "no time was left for it")


def compile_ahead(c: Check) -> Compiling | None:
    """Lets PyTorch compile while other steps run; a process of its own, as nothing may run beside a measurement."""
    if not c.settings.compiled:
        return None
    return Compiling(c.settings.compiled, sys.executable, c.settings.peer_device, c.peer_env)


def rivals(c: Check, ahead: Compiling | None) -> list[Rival]:
    """Starts PyTorch in every mode; compile only with what has been compiled ahead, as time is short."""
    compiled, why = ahead.close() if ahead else ([], "")
    if ahead and not compiled:
        c.skipped("PyTorch, compile", f"nothing was compiled beside the other steps: {why}")
    return [Rival(c, "eager"), Rival(c, "graph"), *([Rival(c, "compile", compiled)] if compiled else [])]
