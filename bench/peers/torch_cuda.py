"""PyTorch's side of bench/cuda: torch_cuda.py DEVICE FOLDER [PRECISION].

One line of JSON asks for a piece of work, one line answers with the seconds of every repeat, or with an error. The works
are loops as a user of Captum runs them: saliency, noise tunnel over saliency, occlusion with several perturbations an
evaluation. Networks have seeded He weights, batch normalisation with statistics of random images, folded into the
convolutions; "export" writes the same network as ONNX with inputs and classes for both sides. In bf16 and fp16 the
whole network is held so, weights and activations, which is faster than autocast; images, noise, scores and the
gradients at the images are float32.
"""

import json
import pathlib
import sys
import time

import numpy
import torch
import torchvision
from torch.nn.utils.fusion import fuse_conv_bn_eval

SIDE = 224
IMAGES = 64
TYPES = {"float32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def plain(name):
    """The network, to be given weights."""
    options = {"weights": None}
    if name == "googlenet":
        options |= {"aux_logits": False, "init_weights": False, "transform_input": False}
    return getattr(torchvision.models, name)(**options).eval().requires_grad_(False)


def seeded(name):
    """The network with weights, and statistics that keep activations alive."""
    torch.manual_seed(0)
    net = plain(name)
    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    net.train()
    with torch.no_grad():
        for _ in range(2):
            net(torch.randn(8, 3, SIDE, SIDE))
    return net.eval()


def folded(module):
    """Convolutions take in the batch normalisation that follows them, as exporters do."""
    names = list(module._modules)
    for first, second in zip(names, names[1:]):
        a, b = module._modules[first], module._modules[second]
        if isinstance(a, torch.nn.Conv2d) and isinstance(b, torch.nn.BatchNorm2d):
            module._modules[first] = fuse_conv_bn_eval(a, b)
            module._modules[second] = torch.nn.Identity()
    for child in module.children():
        folded(child)
    return module


class Works:
    def __init__(self, device, folder, precision):
        self.device = device
        self.type = TYPES[precision]
        self.tf32 = precision != "float32"
        self.folder = pathlib.Path(folder)
        self.nets = {}
        self.compiled = {}
        torch.backends.cudnn.benchmark = True
        self.allow_tf32(self.tf32)

    def allow_tf32(self, allow):
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = allow

    def export(self, name):
        self.folder.mkdir(parents=True, exist_ok=True)
        generator = torch.Generator().manual_seed(1)
        images = torch.randn(IMAGES, 3, SIDE, SIDE, generator=generator)
        images.numpy().tofile(self.folder / "images.f32")
        (torch.arange(IMAGES) * 7 % 1000).numpy().astype(numpy.int64).tofile(self.folder / "targets.i64")
        file = self.folder / (name + ".onnx")
        net = folded(seeded(name))
        torch.onnx.export(
            net, (images[:2],), str(file), input_names=["input"], output_names=["output"],
            dynamic_axes={"input": {0: "n"}, "output": {0: "n"}}, opset_version=17, dynamo=False)
        torch.save(net.state_dict(), self.folder / (name + ".pt"))
        return {"file": str(file)}

    def net(self, name, engine, exact=False):
        """From float32 images to float32 scores."""
        net, kind = self.held(name, engine, torch.float32 if exact else self.type)
        return net if kind == torch.float32 else lambda x: net(x.to(kind)).float()

    def held(self, name, engine, kind):
        key = (name, engine, kind)
        if key not in self.nets:
            net = folded(plain(name))
            net.load_state_dict(torch.load(self.folder / (name + ".pt")))
            net = net.to(self.device).to(kind).to(memory_format=torch.channels_last)
            if engine == "compile":
                net = torch.compile(net, dynamic=False)
            if engine == "reduce-overhead":
                net = torch.compile(net, dynamic=False, mode="reduce-overhead")
            self.nets[key] = net
        return self.nets[key], kind

    def image(self, index, count=1):
        if not hasattr(self, "all"):
            images = numpy.fromfile(self.folder / "images.f32", numpy.float32)
            self.all = torch.from_numpy(images.reshape(-1, 3, SIDE, SIDE))
            self.classes = torch.from_numpy(numpy.fromfile(self.folder / "targets.i64", numpy.int64))
        at = [(index + i) % len(self.all) for i in range(count)]
        return self.all[at], self.classes[at].to(self.device)

    def wait(self):
        if self.device.startswith("cuda"):
            torch.cuda.synchronize()

    def timed(self, ask, work):
        start = time.perf_counter()
        while time.perf_counter() - start < ask["warmup"]:
            work()
            self.wait()
        seconds, total = [], 0.0
        while len(seconds) < ask["repeats"] and (not seconds or total < ask["seconds"]):
            start = time.perf_counter()
            work()
            self.wait()
            seconds.append(time.perf_counter() - start)
            total += seconds[-1]
        return {"seconds": seconds}

    def saliency(self, net, x, target):
        x = x.detach().requires_grad_(True)
        score = net(x).gather(1, target[:, None]).sum()
        return torch.autograd.grad(score, x)[0]

    def on_device(self, images):
        return images.to(self.device).contiguous(memory_format=torch.channels_last)

    def run(self, ask):
        kind = ask["work"]
        if kind == "export":
            return self.export(ask["network"])
        if kind == "ceilings":
            return self.ceilings()
        net = self.net(ask["network"], ask["engine"])
        batch = ask["batch"]
        if kind == "gradient":
            images, target = self.image(0, batch)
            exact = ask.get("float32", False)
            self.allow_tf32(self.tf32 and not exact)
            net = self.net(ask["network"], ask["engine"], exact)
            g = self.saliency(net, self.on_device(images), target)
            self.allow_tf32(self.tf32)
            file = self.folder / ("torch-%s%s.f32" % (ask["network"], "-float32" if exact else ""))
            g.contiguous().cpu().numpy().tofile(file)
            return {"file": str(file)}
        if kind in ("latency", "rate"):
            images, target = self.image(0, batch)
            x = self.on_device(images)
            return self.timed(ask, lambda: self.saliency(net, x, target))
        if kind == "latency-copies":
            images, target = self.image(0)
            return self.timed(ask, lambda: self.saliency(net, self.on_device(images), target).abs().sum(1).cpu())
        if kind == "smoothgrad":
            return self.timed(ask, lambda: self.smoothgrad(net, ask))
        if kind == "sliding":
            return self.timed(ask, lambda: self.sliding(net, ask))
        raise ValueError("no work " + kind)

    def smoothgrad(self, net, ask):
        """NoiseTunnel(Saliency), nt_samples_batch_size = batch."""
        for i in range(ask["images"]):
            images, target = self.image(i)
            x = self.on_device(images)
            sigma = 0.15 * float(x.max() - x.min())
            total = torch.zeros_like(x)
            done = 0
            while done < ask["samples"]:
                n = min(ask["batch"], ask["samples"] - done)
                rows = x.repeat_interleave(n, dim=0)
                noisy = rows + torch.randn_like(rows) * sigma
                total += self.saliency(net, noisy, target.repeat_interleave(n)).sum(0, keepdim=True)
                done += n
            (total / ask["samples"]).abs().sum(1).cpu()

    def sliding(self, net, ask):
        """Occlusion: a zero patch at every stride, batch windows an evaluation, drops shared out over the windows."""
        images, target = self.image(0)
        patch, stride, batch = ask["patch"], ask["stride"], ask["batch"]
        with torch.no_grad():
            x = self.on_device(images)
            # Eagerly: of one row, for which nothing is compiled.
            whole = self.net(ask["network"], "eager")(x)[0, target[0]]
            places = [(a, b) for a in range(0, SIDE - patch + 1, stride) for b in range(0, SIDE - patch + 1, stride)]
            total = torch.zeros(SIDE, SIDE, device=self.device)
            count = torch.zeros(SIDE, SIDE, device=self.device)
            for first in range(0, len(places), batch):
                some = places[first:first + batch]
                masks = torch.ones(batch, 1, SIDE, SIDE, device=self.device)
                for i, (a, b) in enumerate(some):
                    masks[i, :, a:a + patch, b:b + patch] = 0
                rows = (x * masks).contiguous(memory_format=torch.channels_last)
                score = net(rows)[:, target[0]]
                drop = whole - score
                hidden = 1 - masks[:, 0]
                total += (hidden * drop[:, None, None])[:len(some)].sum(0)
                count += hidden[:len(some)].sum(0)
            (total / count.clamp(min=1)).cpu()

    def ceilings(self):
        """Matrix rates in TFLOP/s by precision, and copy bandwidth in GB/s, read and write counted."""
        if not self.device.startswith("cuda"):
            return {name: 0.0 for name in (*TYPES, "copy")}
        n = 8192
        a, b = torch.randn(n, n, device=self.device), torch.randn(n, n, device=self.device)

        def best(work, repeats=5):
            work()
            times = []
            for _ in range(repeats):
                begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
                begin.record()
                work()
                end.record()
                end.synchronize()
                times.append(begin.elapsed_time(end) / 1000)
            return sorted(times)[len(times) // 2]

        rates = {}
        for name, kind in TYPES.items():
            self.allow_tf32(name != "float32")
            c, d = a.to(kind), b.to(kind)
            rates[name] = 2 * n**3 / best(lambda: c @ d) / 1e12
        self.allow_tf32(self.tf32)
        source = torch.empty(1 << 30, dtype=torch.uint8, device=self.device)
        to = torch.empty_like(source)
        copy = 2 * source.numel() / best(lambda: to.copy_(source)) / 1e9
        return rates | {"copy": copy}


def describe(device):
    name = torch.cuda.get_device_name() if device.startswith("cuda") else "CPU"
    return "%s, PyTorch %s, cuDNN %s" % (name, torch.__version__, torch.backends.cudnn.version())


def main():
    device, folder = sys.argv[1:3]
    works = Works(device, folder, sys.argv[3] if len(sys.argv) > 3 else "tf32")
    out = sys.stdout
    sys.stdout = sys.stderr  # what libraries print is no answer
    print(json.dumps({"ready": "PyTorch", "device": describe(device)}), file=out, flush=True)
    for line in sys.stdin:
        try:
            answer = works.run(json.loads(line))
        except Exception as e:  # the other works go on
            answer = {"error": "%s: %s" % (type(e).__name__, str(e).splitlines()[0] if str(e) else "")}
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main()
