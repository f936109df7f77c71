"""Candela and PyTorch in turns on one card: side_by_side.py [OPTIONS] -- COMMAND OF CANDELA'S WORKER

Prints one table: medians of several repeats after warm-up, both sides in the same run, each at the best of a few batch
sizes, and PyTorch at the best of eager, torch.compile and torch.compile with CUDA graphs (reduce-overhead). Compiling is
done before, in processes side by side; what is not compiled in time is named, and the others are compared.
"""

import argparse
import json
import os
import pathlib
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import numpy

# Multiply-adds counted as two, forward, at 224 x 224; the gradient at the input takes as many again.
FLOPS = {"resnet50": 8.178e9, "googlenet": 3.005e9}

# work, required, aim, batches of Candela, (engine, batches) of PyTorch; those first that are likely the fastest, as the last
# are left out when time is short
ROWS = [
    ("latency", 2.0, 4.0, [1], [("reduce-overhead", [1]), ("eager", [1])]),
    ("latency-copies", 2.0, 4.0, [1], [("reduce-overhead", [1]), ("eager", [1])]),
    ("smoothgrad50", 2.0, 3.0, [50, 25], [("reduce-overhead", [50]), ("compile", [50]), ("eager", [50, 25, 10])]),
    ("smoothgrad800", 1.5, 2.0, [128, 256], [("reduce-overhead", [50]), ("compile", [50]), ("eager", [200, 100])]),
    ("sliding", 1.5, 3.0, [128, 256], [("compile", [256]), ("eager", [256, 64, 512])]),
    ("rate", 0.0, 0.0, [256, 64], [("reduce-overhead", [50]), ("compile", [50]), ("eager", [256, 64])]),
]

# Seconds of runs before the first that is timed, on both sides alike, since Java compiles what runs often: of a candidate, of
# the best one's first turn and of its later turns. Candidates of the SmoothGrad are many.
WARM = {"latency": (1.5, 0.1, 0.1), "latency-copies": (1.5, 0.1, 0.1), "smoothgrad50": (0.4, 1.5, 0.1)}

# What there is to compile: (name, engine, work, batch).
COMPILED = [
    ("latency", "reduce-overhead", "latency", 1),
    ("gradients", "compile", "smoothgrad50", 50),
    ("gradients in graphs", "reduce-overhead", "smoothgrad50", 50),
    ("forward", "compile", "sliding", 256),
]


class Worker:
    """A process that answers one line of JSON with another."""

    def __init__(self, name, command):
        self.name = name
        self.lost = None
        # Several compile at once: not one pool of all cores each.
        environment = os.environ | {"TORCHINDUCTOR_COMPILE_THREADS": "4"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.answers = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self.answers.put(json.loads(line))
        self.answers.put(None)

    def answer(self, limit):
        try:
            answer = self.answers.get(timeout=max(limit, 0.1))
        except queue.Empty:
            self.lost = "no answer within %.0f s" % limit
            self.process.kill()
            return {"error": self.lost}
        if answer is None:
            self.lost = "ended with code %s" % self.process.wait()
            return {"error": self.lost}
        return answer

    def send(self, ask):
        if self.lost:
            return
        try:
            self.process.stdin.write(json.dumps(ask) + "\n")
            self.process.stdin.flush()
        except OSError:
            self.lost = "ended with code %s" % self.process.wait()

    def ask(self, ask, limit=120):
        self.send(ask)
        return {"error": self.lost} if self.lost else self.answer(limit)

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(20)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()


class Bench:
    def __init__(self, options, command):
        self.options = options
        self.command = command
        self.start = time.monotonic()
        self.failed = []
        self.untried = []
        self.raw = {}
        self.candela = None
        self.eager = None
        self.compiled = {}

    def left(self):
        return self.options.budget - (time.monotonic() - self.start)

    def torch(self, folder):
        script = pathlib.Path(__file__).resolve().parent.parent / "peers" / "torch_cuda.py"
        return Worker("PyTorch", [sys.executable, str(script), self.options.device, folder, self.options.precision])

    def run(self, folder):
        options = self.options
        print("card: " + card(options.device), flush=True)
        self.eager = self.torch(folder)
        ready = self.eager.answer(120)
        print("PyTorch: " + ready.get("device", ready.get("error", "")), flush=True)
        for network in options.networks:
            start = time.monotonic()
            if all(os.path.exists("%s/%s.%s" % (folder, network, end)) for end in ("pt", "onnx")):
                continue
            answer = self.eager.ask({"work": "export", "network": network})
            if "error" in answer:
                print("no export of %s: %s" % (network, answer["error"]))
                return 1
            print("export of %s: %.0f s" % (network, time.monotonic() - start), flush=True)
        ceilings = self.eager.ask({"work": "ceilings"})
        if ceilings.get("tf32"):
            print("ceilings in TFLOP/s: %(tf32).0f TF32, %(bf16).0f bf16, %(fp16).0f fp16, %(float32).0f float32; "
                  "%(copy).0f GB/s copied" % ceilings)
        if options.compile:
            self.compile(folder)
        self.candela = Worker("Candela", self.command + [options.device, folder, options.precision])
        ready = self.candela.answer(120)
        print("Candela: " + ready.get("device", ready.get("error", "")), flush=True)
        for network in options.networks:
            self.agree(network)
        print("\n| network | work | Candela | PyTorch | ratio | required, aim | |\n|---|---|---|---|--:|---|---|", flush=True)
        todo = [(network, row) for network in options.networks for row in ROWS if row[0] in options.works]
        missing = 0
        for i, (network, row) in enumerate(todo):
            best, rounds = self.measure(network, row, self.left() / (len(todo) - i))
            missing += not self.line(network, row, best, rounds, ceilings)
        print()
        for text in self.failed:
            print("failed: " + text)
        if self.untried:
            print("not tried, out of time (--budget): " + "; ".join(self.untried))
        print("took %.0f s" % (time.monotonic() - self.start))
        print("raw: " + json.dumps(self.raw))
        for worker in (self.candela, self.eager, *self.compiled.values()):
            worker.close()
        return 1 if missing or self.raw.get("disagree") else 0

    def compile(self, folder):
        """A process for each network and kind of compiled code, all at once; those that answer in time stay."""
        wanted = {name for name, engine, work, _ in COMPILED
                  if any(row[0] in self.options.works and any(e == engine for e, _ in row[4]) and kind(row, engine) == name
                         for row in ROWS)}
        start = time.monotonic()
        for network in self.options.networks:
            for name, engine, work, batch in COMPILED:
                if name in wanted:
                    worker = self.torch(folder)
                    worker.send(self.question(work, network, self.size(work, batch), 1, 0, 0) | {"engine": engine})
                    self.compiled[network, name] = worker
        for (network, name), worker in list(self.compiled.items()):
            answer = {}
            while "seconds" not in answer and "error" not in answer:
                answer = worker.answer(self.options.compile_seconds - (time.monotonic() - start))
            took = "there after %.0f s" % (time.monotonic() - start)
            if "error" in answer and time.monotonic() - start > self.options.compile_seconds:
                took = "not compiled within %.0f s" % self.options.compile_seconds
            elif "error" in answer:
                took = answer["error"]
            print("torch.compile of %s, %s: %s" % (network, name, took), flush=True)
            if "error" in answer:
                worker.close()
                del self.compiled[network, name]

    def size(self, work, batch):
        return batch if not self.options.quick or work.startswith("latency") else 2

    def question(self, work, network, batch, repeats, seconds, warmup):
        options = self.options
        samples = {"smoothgrad50": options.samples, "smoothgrad800": 16 * options.samples}.get(work, 0)
        return {"work": "smoothgrad" if work.startswith("smoothgrad") else work, "network": network, "batch": batch,
                "samples": samples, "images": options.images if work == "smoothgrad800" else 1, "patch": 29,
                "stride": options.stride, "warmup": warmup, "repeats": repeats, "seconds": seconds}

    def candidates(self, network, row):
        """{side: [(label, worker, what to ask for)]}"""
        work, ours, theirs = row[0], row[3], row[4]
        sizes = [] if self.options.quick and not work.startswith("latency") else ours
        own = [("batch %d" % b, self.candela, {"batch": b}) for b in sizes or [2]]
        peer = []
        for engine, batches in theirs:
            worker = self.eager if engine == "eager" else self.compiled.get((network, kind(row, engine)))
            if worker is not None:
                for b in dict.fromkeys(self.size(work, b) for b in batches):
                    peer.append(("%s, batch %d" % (engine, b), worker, {"batch": b, "engine": engine}))
        return {"Candela": own, "PyTorch": peer}

    def time(self, network, work, candidate, repeats, seconds, warmup):
        """Median seconds of one gradient, one map, one batch of maps or, for rate, one image; None after a failure."""
        label, worker, more = candidate
        answer = worker.ask(self.question(work, network, 0, repeats, seconds, warmup) | more)
        if "error" in answer:
            self.failed.append("%s %s, %s (%s): %s" % (network, work, worker.name, label, answer["error"]))
            return None
        self.raw.setdefault("%s %s %s %s" % (network, work, worker.name, label), []).append(answer["seconds"])
        return statistics.median(answer["seconds"]) / (more["batch"] if work == "rate" else 1)

    def measure(self, network, row, share):
        """The best candidate of both sides, then rounds in which they take turns; share: seconds this may take, about."""
        work = row[0]
        short = work.startswith("latency")
        trial, first, later = WARM.get(work, (0.001, 0, 0))
        start = time.monotonic()
        best = {}
        # Candela comes first, with half the time for trials; what it leaves PyTorch has.
        for limit, (side, candidates) in zip((0.3, 0.6), self.candidates(network, row).items()):
            times = []
            for candidate in candidates:
                # A row is never left out; without time it has each side's first candidate and one round.
                if times and time.monotonic() - start > limit * share:
                    self.untried.append("%s %s, %s (%s)" % (network, work, side, candidate[0]))
                    continue
                t = self.time(network, work, candidate, 20 if short else 2, self.options.seconds / 2, trial)
                if t is not None:
                    times.append((t, candidate))
            if times:
                best[side] = min(times, key=lambda t: t[0])[1]
        rounds = {side: [] for side in best}
        for done in range(self.options.rounds if len(best) == 2 else 1):
            if done and time.monotonic() - start > share:
                break
            turn = {side: self.time(network, work, best[side], 50 if short else 3, self.options.seconds, later if done else first)
                    for side in best}
            if None not in turn.values():
                for side, t in turn.items():
                    rounds[side].append(t)
        return best, rounds

    def line(self, network, row, best, rounds, ceilings):
        work, required, aim = row[:3]
        if len(best) < 2 or not rounds["Candela"]:
            print("| %s | %s | %s | no result of both sides | | | |" % (
                network, self.title(work), " ".join(best)), flush=True)
            return False
        cells = []
        for side in ("Candela", "PyTorch"):
            t = rounds[side]
            cells.append("%s (%s, %.2f)" % (self.amount(work, statistics.median(t)), best[side][0], max(t) / min(t)))
        ratio = statistics.median(p / c for c, p in zip(rounds["Candela"], rounds["PyTorch"]))
        verdict = "aim reached" if ratio >= aim else "required reached" if ratio >= required else "NOT reached"
        bounds = "%.1f, %.1f" % (required, aim)
        if work == "rate":
            bounds = verdict = ""
            precision = self.options.precision
            if ceilings.get(precision):
                rates = [2 * FLOPS[network] / statistics.median(rounds[s]) / 1e12 for s in ("Candela", "PyTorch")]
                verdict = "%.0f and %.0f TFLOP/s, %.0f and %.0f %% of the %s rate" % (
                    *rates, *(100 * r / ceilings[precision] for r in rates), precision)
        if self.untried_of_pytorch(network, row):
            verdict += ("; " if verdict else "") + "not all of PyTorch was tried"
        print("| %s | %s | %s | %s | %.2f | %s | %s |" % (network, self.title(work), *cells, ratio, bounds, verdict), flush=True)
        return True

    def untried_of_pytorch(self, network, row):
        """Whether a candidate had no time, or its code was not compiled in time."""
        lost = any(e != "eager" and (network, kind(row, e)) not in self.compiled for e, _ in row[4])
        return lost or any(text.startswith("%s %s, PyTorch" % (network, row[0])) for text in self.untried)

    def title(self, work):
        options = self.options
        return {
            "latency": "gradient of one image, on the device",
            "latency-copies": "gradient of one image, host to host",
            "smoothgrad50": "SmoothGrad n = %d, one image" % options.samples,
            "smoothgrad800": "SmoothGrad n = %d, over %d images" % (16 * options.samples, options.images),
            "sliding": "sliding patch 29, stride %d" % options.stride,
            "rate": "forward + input gradient",
        }[work]

    def amount(self, work, seconds):
        if work == "rate":
            return "%.0f images/s" % (1 / seconds)
        if work == "smoothgrad800":
            return "%.3g images/s" % (self.options.images / seconds)
        return "%.2f ms" % (seconds * 1000)

    def agree(self, network):
        """Relative L2 distance of both sides' gradients from PyTorch's in float32, of the same images."""
        found = {}
        asked = (("Candela", self.candela, {}), ("PyTorch", self.eager, {"engine": "eager"}),
                 ("float32", self.eager, {"engine": "eager", "float32": True}))
        for name, worker, more in asked:
            answer = worker.ask(self.question("gradient", network, 2, 1, 1, 0) | more)
            if "error" in answer:
                self.failed.append("%s gradient, %s: %s" % (network, worker.name, answer["error"]))
                return
            found[name] = numpy.fromfile(answer["file"], numpy.float32).astype(numpy.float64)
        norm = numpy.linalg.norm(found["float32"])
        ours, theirs = (float(numpy.linalg.norm(found[n] - found["float32"]) / norm) for n in ("Candela", "PyTorch"))
        print("%s: gradients from float32's: Candela %.2e, PyTorch %.2e relative L2" % (network, ours, theirs), flush=True)
        # Random weights switch many ReLUs near zero, on both sides alike.
        if not ours < 1.5 * theirs + 1e-3:
            self.failed.append("%s gradient: %.2e from float32's, PyTorch's is %.2e" % (network, ours, theirs))
            self.raw["disagree"] = True


def kind(row, engine):
    """Which compiled code a row runs."""
    if row[0].startswith("latency"):
        return "latency"
    if row[0] == "sliding":
        return "forward"
    return "gradients in graphs" if engine == "reduce-overhead" else "gradients"


def card(device):
    if not device.startswith("cuda"):
        return "none, " + device
    asked = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total,clocks.max.sm", "--format=csv,noheader"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, timeout=20).stdout.strip() or "unknown"
    except (OSError, subprocess.TimeoutExpired):
        return "unknown (no nvidia-smi)"


def main():
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    listed = lambda text: text.split(",")
    parser = argparse.ArgumentParser(usage="side_by_side.py [OPTIONS] -- COMMAND OF CANDELA'S WORKER")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--precision", choices=["float32", "tf32", "bf16", "fp16"], default="tf32", help="of both sides")
    parser.add_argument("--networks", type=listed, default=list(FLOPS))
    parser.add_argument("--works", type=listed, default=[row[0] for row in ROWS])
    parser.add_argument("--folder", help="keeps the exported networks there, and uses those that are there")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a turn")
    parser.add_argument("--budget", type=float, default=450, help="seconds in all; drops rounds and batch sizes, never rows")
    parser.add_argument("--samples", type=int, default=50, help="of SmoothGrad; 16 times as many over several images")
    parser.add_argument("--images", type=int, default=2, help="of the long SmoothGrad; images/s do not depend on it")
    parser.add_argument("--stride", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="tiny settings: whether everything runs")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--compile-seconds", type=float, default=150)
    options = parser.parse_args(words[:cut])
    if cut >= len(words) - 1:
        parser.error("-- and the command of Candela's worker expected last")
    for name in options.networks:
        if name not in FLOPS:
            parser.error("network '%s' is not known; %s are" % (name, ", ".join(FLOPS)))
    if options.quick:
        options.samples, options.images, options.stride, options.rounds = 2, 1, 97, min(options.rounds, 2)
    if options.folder:
        return Bench(options, words[cut + 1:]).run(options.folder)
    with tempfile.TemporaryDirectory(prefix="candela-bench-") as folder:
        return Bench(options, words[cut + 1:]).run(folder)


if __name__ == "__main__":
    sys.exit(main())
