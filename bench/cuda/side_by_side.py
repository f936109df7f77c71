"""Candela and PyTorch in turns on one card: side_by_side.py [OPTIONS] -- COMMAND OF CANDELA'S WORKER

Prints one table: medians of several repeats after warm-up, both sides in the same run, each at the best of a few batch
sizes (and PyTorch at the best of eager, torch.compile and its CUDA graphs).
"""

import argparse
import json
import pathlib
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import numpy

# Multiply-adds counted as two, forward, at 224 x 224.
FLOPS = {"resnet50": 8.178e9, "googlenet": 3.005e9}

# work, required, aim, batches of Candela, (engine, batches) of PyTorch
ROWS = [
    ("latency", 2.0, 4.0, [1], [("eager", [1]), ("reduce-overhead", [1])]),
    ("latency-copies", 2.0, 4.0, [1], [("eager", [1]), ("reduce-overhead", [1])]),
    ("smoothgrad50", 2.0, 3.0, [25, 50], [("eager", [10, 25, 50]), ("compile", [50])]),
    ("smoothgrad800", 1.5, 2.0, [128, 256], [("eager", [64, 128, 256]), ("compile", [50])]),
    ("sliding", 1.5, 3.0, [128, 256], [("eager", [64, 256]), ("compile", [256])]),
    ("rate", 0.0, 0.0, [64, 256], [("eager", [64, 256]), ("compile", [50])]),
]


class Worker:
    """A process that answers one line of JSON with another."""

    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answers = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self.answers.put(json.loads(line))
        self.answers.put(None)

    def answer(self, limit):
        try:
            answer = self.answers.get(timeout=limit)
        except queue.Empty:
            self.process.kill()
            return {"error": "no answer within %d s" % limit}
        return answer if answer is not None else {"error": "%s ended with code %s" % (self.name, self.process.wait())}

    def ask(self, ask, limit=180):
        if self.process.poll() is not None:
            return {"error": self.name + " has ended"}
        self.process.stdin.write(json.dumps(ask) + "\n")
        self.process.stdin.flush()
        return self.answer(limit)

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(20)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()


def ask(work, network, batch, options, repeats, seconds, warmup):
    kinds = {"smoothgrad50": "smoothgrad", "smoothgrad800": "smoothgrad"}
    samples = {"smoothgrad50": options.samples, "smoothgrad800": 16 * options.samples}.get(work, 0)
    images = options.images if work == "smoothgrad800" else 1
    return {"work": kinds.get(work, work), "network": network, "batch": batch, "samples": samples, "images": images,
            "patch": 29, "stride": options.stride, "warmup": warmup, "repeats": repeats, "seconds": seconds}


def candidates(row, options):
    """[(worker, label, batch, engine)] of a row."""
    work, _, _, ours, theirs = row
    if options.quick:
        ours, theirs = [2], [("eager", [2])]
    own = [("candela", "batch %d" % b, b, None) for b in ours]
    peer = [("torch", "%s, batch %d" % (e, b), b, e) for e, batches in theirs for b in batches
            if options.compile or e == "eager"]
    if options.quick and work.startswith("latency"):
        own, peer = [(*c[:2], 1, c[3]) for c in own], [(*c[:2], 1, c[3]) for c in peer]
    return own, peer


def measure(workers, row, network, options):
    """Medians of both sides, the labels of their best, and what failed."""
    work = row[0]
    best, failed = {}, []
    for side in candidates(row, options):
        for worker, label, batch, engine in side:
            repeats = 20 if work.startswith("latency") else 2
            a = ask(work, network, batch, options, repeats, options.seconds / 2, 3 if work.startswith("latency") else 1)
            a |= {"engine": engine} if engine else {}
            answer = workers[worker].ask(a)
            if "error" in answer:
                failed.append("%s %s (%s): %s" % (network, work, label, answer["error"]))
                continue
            # what one image, batch or map takes
            time_of = statistics.median(answer["seconds"]) / (batch if work == "rate" else 1)
            if worker not in best or time_of < best[worker][0]:
                best[worker] = (time_of, label, batch, engine)
    if len(best) < 2:
        return best, failed
    seconds = {worker: [] for worker in best}
    for _ in range(options.rounds):
        for worker, (_, _, batch, engine) in best.items():
            repeats = 50 if work.startswith("latency") else 3
            a = ask(work, network, batch, options, repeats, options.seconds, 2 if work.startswith("latency") else 0)
            a |= {"engine": engine} if engine else {}
            answer = workers[worker].ask(a)
            if "error" in answer:
                failed.append("%s %s (%s): %s" % (network, work, best[worker][1], answer["error"]))
            else:
                seconds[worker].append(statistics.median(answer["seconds"]) / (batch if work == "rate" else 1))
    for worker, values in seconds.items():
        if values:
            spread = max(values) / min(values)
            best[worker] = (statistics.median(values), best[worker][1], spread)
    return best, failed


def unit(work, seconds, options):
    if work == "rate":
        return "%.0f images/s" % (1 / seconds)
    if work == "smoothgrad800":
        return "%.2f images/s" % (options.images / seconds)
    return "%.2f ms" % (seconds * 1000)


def agreement(workers, network, folder, options):
    """Relative L2 distance of the two sides' gradients of the same images."""
    files = []
    for worker in ("candela", "torch"):
        a = ask("gradient", network, 2, options, 1, 1, 0) | ({"engine": "eager"} if worker == "torch" else {})
        answer = workers[worker].ask(a)
        if "error" in answer:
            return None, "%s gradient (%s): %s" % (network, worker, answer["error"])
        files.append(numpy.fromfile(answer["file"], numpy.float32).astype(numpy.float64))
    return float(numpy.linalg.norm(files[0] - files[1]) / numpy.linalg.norm(files[1])), None


def main():
    words = sys.argv[1:]
    cut = words.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--networks", default="resnet50,googlenet")
    parser.add_argument("--works", default=",".join(row[0] for row in ROWS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a turn")
    parser.add_argument("--samples", type=int, default=50)
    parser.add_argument("--images", type=int, default=2, help="of SmoothGrad at n = 800; images/s do not depend on it")
    parser.add_argument("--stride", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="tiny settings: whether everything runs")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args(words[:cut])
    if options.quick:
        options.samples, options.images, options.stride, options.rounds = 2, 1, 97, 1
    here = pathlib.Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory(prefix="candela-bench-") as folder:
        torch = Worker("PyTorch", [sys.executable, str(here.parent / "peers" / "torch_cuda.py"), options.device, folder])
        print("PyTorch:", torch.answer(120).get("device"))
        networks = options.networks.split(",")
        for network in networks:
            start = time.time()
            answer = torch.ask({"work": "export", "network": network})
            print("export of %s: %.0f s %s" % (network, time.time() - start, answer.get("error", "")), flush=True)
        ceilings = torch.ask({"work": "ceilings"})
        candela = Worker("Candela", words[cut + 1:] + [options.device, folder])
        ready = candela.answer(120)
        print("Candela:", ready.get("device", ready), flush=True)
        if "tf32" in ceilings:
            print("ceilings: %(tf32).0f TFLOP/s TF32, %(float32).0f float32, %(copy).0f GB/s copied" % ceilings)
        workers = {"candela": candela, "torch": torch}
        failed = []
        for network in networks:
            distance, error = agreement(workers, network, folder, options)
            print("%s: gradients differ by %s relative L2" % (network, distance if error is None else error), flush=True)
            for row in ROWS:
                if row[0] not in options.works.split(","):
                    continue
                best, errors = measure(workers, row, network, options)
                failed += errors
                line(row, network, best, options, ceilings)
        for text in failed:
            print("failed: " + text)
        for worker in workers.values():
            worker.close()
        return 1 if any("candela" in text or "batch" in text for text in failed) else 0


def line(row, network, best, options, ceilings):
    work, required, aim = row[:3]
    if len(best) < 2 or any(len(b) != 3 for b in best.values()):
        print("| %s | %s | one side has no result |" % (network, work), flush=True)
        return
    ours, theirs = best["candela"], best["torch"]
    ratio = theirs[0] / ours[0]
    share = ""
    if work == "rate" and ceilings.get("tf32"):
        share = "%.0f %% of the TF32 rate" % (2 * FLOPS[network] / ours[0] / ceilings["tf32"] / 1e10)
    verdict = share or ("reached" if ratio >= aim else "required reached" if ratio >= required else "NOT reached")
    print("| %s | %s | %s (%s, spread %.2f) | %s (%s, spread %.2f) | %.2f | %s |" % (
        network, work, unit(work, ours[0], options), ours[1], ours[2], unit(work, theirs[0], options), theirs[1],
        theirs[2], ratio, verdict), flush=True)


if __name__ == "__main__":
    sys.exit(main())
