"""The GPU's clocks in nvidia-smi's words, and whether they were held down while speed was measured."""
import pathlib
import re
import subprocess

FIELDS = "name,driver_version,memory.used,temperature.gpu,power.draw,clocks.sm,clocks.max.sm"
COUNTERS = re.compile(r"Clocks (?:Event|Throttle) Reasons Counters$")
REASONS = re.compile(r"Clocks (?:Event|Throttle) Reasons$")
CALM = ("Idle", "Applications Clocks Setting", "Sync Boost", "Display Clock Setting")  # nothing holds the GPU back
LEAST = 1000  # microseconds that say something


def smi(*options: str) -> str:
    """Returns what nvidia-smi says; nothing where there is none or it fails."""
    try:
        p = subprocess.run(["nvidia-smi", *options], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return p.stdout if p.returncode == 0 else ""


def brief() -> list[str]:
    """Returns a line for each GPU."""
    return smi(f"--query-gpu={FIELDS}", "--format=csv,noheader").strip().splitlines()


def keep(file: pathlib.Path, when: str) -> str:
    """Appends clocks and what limits them to a file, and returns that."""
    said = smi("-q", "-d", "CLOCK,PERFORMANCE")
    if said:
        with file.open("a") as f:
            f.write(f"# {when}\n{said}\n")
    return said


def throttled(before: str, after: str) -> str:
    """Returns in a line what held clocks down between two answers of nvidia-smi: by its counters of microseconds where
    it has those, otherwise by what is active in the second; nothing where nothing did."""
    then, now = section(before, COUNTERS), section(after, COUNTERS)
    if now:
        spent = {name: microseconds(value) - microseconds(then.get(name, "0")) for name, value in now.items()}
        parts = [f"{name} for {us / 1e6:.2f} s" for name, us in spent.items() if us >= LEAST and name not in CALM]
    else:
        parts = [name for name, value in section(after, REASONS).items() if value == "Active" and name not in CALM]
    return ", ".join(parts)


def section(said: str, title: re.Pattern[str]) -> dict[str, str]:
    """Returns the names and values under a title: the lines behind it that are indented further."""
    found: dict[str, str] = {}
    inside: int | None = None
    for line in said.splitlines():
        depth = len(line) - len(line.lstrip())
        if inside is not None and line.strip() and depth <= inside:
            inside = None
        if title.search(line.rstrip(" :")):
            inside = depth
        elif inside is not None and ":" in line:
            name, value = (part.strip() for part in line.split(":", 1))
            found[name] = value
    return found


def microseconds(value: str) -> int:
    number = re.match(r"\d+", value)
    return int(number[0]) if number else 0
