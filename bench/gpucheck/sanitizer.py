"""The step of NVIDIA's compute-sanitizer."""
import functools
import pathlib
import re
import shutil

from check import Check, Command
from correctness import together
from settings import SHORT_KERNELS

FOUND = 99  # the exit status by which the sanitizer says that it found something
FINDING = re.compile(r"^========= (?:Invalid|Misaligned|Error|Warning|Program hit)", re.MULTILINE)
SUMMARY = re.compile(r"(?:ERROR|RACECHECK) SUMMARY: (.*)")
REFUSED = re.compile(r"Device not supported|Unable to (?:find|load|launch)|No attachable process", re.IGNORECASE)

# The names of cuDNN's and cuBLAS's kernels, whose hazards are not ours. They are left out rather than ours picked: a
# filter that picks may pass over kernels that the driver compiled, and then finds nothing.
VENDOR = "cudnn|cublas|cutlass|xmma|gemm|nchw|nhwc"
EXCLUDE = {"--kernel-name-exclude": f"regex={VENDOR}", "--kernel-regex-exclude": "kns=cudnn"}  # by the tool's age


def sanitizers(c: Check) -> None:
    """Runs a short list of kernels, then steps of the network, under compute-sanitizer's memcheck and racecheck. Steps
    whose kernels are all our own come before those of cuDNN's."""
    tool = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")
    if tool is None:
        c.skipped("compute-sanitizer", "there is none on this machine")
        return
    steps: Command = [c.resnet, "bench", "--device", c.settings.device, "--batch-size", "8", "--seconds", "0",
                      "--quiet", "--no-roofline", "--tune", "off", *c.settings.model]
    fused: Command = [*steps, "--precision", "bf16", "--fuse", "on"]
    apart: Command = [*steps, "--precision", "tf32", "--fuse", "off"]
    kernels: Command = [c.programs / "kernels-cuda.test", "-test.short", "-test.run", SHORT_KERNELS]
    filters = exclusion(c, tool)
    for commands in ({"kernels": kernels}, {"fused steps": fused}, {"steps apart": apart}):
        together([
            functools.partial(sanitize, c, [tool, "--tool", kind, *(filters if kind == "racecheck" else ())], what,
                              command)
            for kind in ("memcheck", "racecheck") for what, command in commands.items()])


def exclusion(c: Check, tool: str) -> Command:
    """Returns the option that leaves out others' kernels, under the name that this version has for it."""
    known = c.run([tool, "--help"]).output
    return next(([option, what] for option, what in EXCLUDE.items() if re.search(rf"{option}\b", known)), [])


def sanitize(c: Check, tool: Command, what: str, command: Command) -> None:
    kind = tool[2]
    name = f"{kind} of {what}"
    if not c.wants(name):
        return
    options = ["--report-api-errors", "no"] if kind == "memcheck" else []  # calls that fail on purpose are in the tests
    ended = c.run([*tool, *options, "--error-exitcode", str(FOUND), "--print-limit", "200", *command], c.tree)
    text = ended.output + ended.errors
    summary, found = SUMMARY.findall(text), findings(text)
    if kind == "racecheck":
        found = [f for f in found if concerns(f, kernel_names(c.tree))]
    refused = REFUSED.search(text)
    if ended.passed and summary and summary[-1].startswith("0 "):
        c.passed(name, summary[-1], ended.seconds)
    elif refused:
        c.skipped(name, f"it does not work here: {refused.group()}", ended.seconds)
    elif ended.code == FOUND and kind == "racecheck" and summary and not found:
        c.passed(name, f"none of our kernels; others': {summary[-1]}", ended.seconds)
    elif ended.code is None and not found:
        c.skipped(name, f"not done after {ended.seconds:.0f} s, nothing found until then", ended.seconds)
    else:
        c.failed(name, f"{summary[-1] if summary else 'no summary'}; {ended.why()}", ended.seconds,
                 "\n".join("\n".join(found).splitlines()[:40]) or ended.tail())


def findings(text: str) -> list[str]:
    """Returns what the sanitizer reports, each with the lines that say where."""
    found: list[str] = []
    inside = False
    for line in text.splitlines():
        if FINDING.match(line):
            found.append(line)
            inside = True
        elif inside and re.match(r"=========\s{2,}\S", line):
            found[-1] += "\n" + line
        else:
            inside = False
    return found


@functools.cache
def kernel_names(tree: pathlib.Path) -> frozenset[str]:
    """Returns the names of our kernels, as their PTX has them."""
    return frozenset(name for path in (tree / "kernels" / "cuda" / "ptx").glob("*.ptx")
                     for name in re.findall(r"^\.visible \.entry (\w+)", path.read_text(), re.MULTILINE))


def concerns(finding: str, names: frozenset[str]) -> bool:
    """Says whether a finding is about one of our kernels, or about none that it names."""
    named = re.findall(r"\b(?:at|in) (?:void )?(?!block\b)([A-Za-z_][\w:]*)(?=[(<+\s]|$)", finding)
    return not named or not names.isdisjoint(re.findall(r"\w+", finding))
