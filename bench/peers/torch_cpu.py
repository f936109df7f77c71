"""PyTorch's CPU speed on an ONNX classifier, asked over standard input.

torch_cpu.py MODEL FOLDER THREADS LAYOUT

FOLDER holds 'images' ([n,3,224,224]) and 'target' ([n]) as raw float32. After one line with PyTorch's version, every
line asked (forward, gradient, output, inputGradient) is answered by one line; the last two write FOLDER/result.
Weights are frozen; Relu works in place where nothing else reads its input, as torchvision's modules do.
"""
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper


class Network:
    def __init__(self, file, layout):
        graph = onnx.load(file).graph
        self.weights = {}
        for t in graph.initializer:
            w = torch.from_numpy(numpy_helper.to_array(t).copy())
            self.weights[t.name] = w.contiguous(memory_format=layout) if w.dim() == 4 else w
        self.nodes = [
            (n.op_type, list(n.input), n.output[0],
             {a.name: helper.get_attribute_value(a) for a in n.attribute})
            for n in graph.node
        ]
        self.image = next(i.name for i in graph.input if i.name not in self.weights)
        self.output = graph.output[0].name
        op, inputs, _, _ = self.nodes[-1]
        self.logits = inputs[0] if op == "Softmax" else self.output
        self.readers = {}
        for i, (_, inputs, _, _) in enumerate(self.nodes):
            for name in inputs:
                self.readers.setdefault(name, []).append(i)

    def __call__(self, images):
        values = {self.image: images}
        for i, (op, inputs, output, attributes) in enumerate(self.nodes):
            x = [values[n] if n in values else self.weights[n] for n in inputs]
            alone = len(self.readers[inputs[0]]) == 1 and inputs[0] != self.image
            values[output] = apply(op, x, attributes, alone)
            for name in set(inputs):
                if self.readers[name][-1] == i and name not in (self.output, self.logits):
                    values.pop(name, None)
            del x
        return values[self.output], values[self.logits]


def apply(op, x, a, alone):
    if op == "Conv":
        return F.conv2d(*x, stride=a.get("strides", 1), padding=even(a)) if len(x) == 3 else \
            F.conv2d(x[0], x[1], None, a.get("strides", 1), even(a))
    if op == "BatchNormalization":
        return F.batch_norm(x[0], x[3], x[4], x[1], x[2], False, 0.1, a.get("epsilon", 1e-5))
    if op == "Relu":
        return torch.relu_(x[0]) if alone else torch.relu(x[0])
    if op == "MaxPool":
        return F.max_pool2d(
            x[0], a["kernel_shape"], a.get("strides", 1), even(a),
            ceil_mode=bool(a.get("ceil_mode", 0)))
    if op == "GlobalAveragePool":
        return F.adaptive_avg_pool2d(x[0], 1)
    if op == "Add":
        return x[0] + x[1]
    if op == "Concat":
        return torch.cat(x, 1)
    if op == "Flatten":
        return torch.flatten(x[0], 1)
    if op == "Gemm":
        return F.linear(*x)
    if op == "Softmax":
        return torch.softmax(x[0], 1)
    if op == "Dropout":
        return x[0]
    raise SystemExit(f"torch_cpu.py: operator {op} is not known here")


def even(attributes):
    pads = attributes.get("pads", [0, 0, 0, 0])
    if pads[:2] != pads[2:]:
        raise SystemExit(f"torch_cpu.py: pads {pads}; PyTorch pads evenly")
    return pads[:2]


def serve(folder, threads, layout, make):
    """Answers what is asked; make gives, of a memory format, a function from images to the output and the logits."""
    folder = Path(folder)
    torch.set_num_threads(int(threads))
    layout = getattr(torch, layout)
    network = make(layout)
    target = torch.from_numpy(np.fromfile(folder / "target", np.float32)).long()
    images = torch.from_numpy(np.fromfile(folder / "images", np.float32))
    images = images.reshape(len(target), 3, 224, 224).contiguous(memory_format=layout)
    leaf = images.clone().requires_grad_(True)
    result = None
    print(torch.__version__, flush=True)
    for line in sys.stdin:
        asked = line.strip()
        if asked == "forward":
            with torch.inference_mode():
                result = network(images)[0]
        elif asked == "gradient":
            logits = network(leaf)[1].flatten(1)
            score = logits.gather(1, target[:, None]).sum()
            (result,) = torch.autograd.grad(score, leaf)
        else:
            result.detach().contiguous().numpy().tofile(folder / "result")
        print("done", flush=True)


if __name__ == "__main__":
    model, *rest = sys.argv[1:]
    serve(*rest, lambda layout: Network(model, layout))
