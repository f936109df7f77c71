"""PyTorch's CPU speed on a classifier of timm, seeded and untrained, asked as torch_cpu.py is.

torch_timm.py export NAME FILE          writes it as ONNX, batch left open
torch_timm.py MODEL FOLDER THREADS LAYOUT   MODEL: the file written before, timm-NAME.onnx
"""
import sys
import warnings
from pathlib import Path

import timm
import torch
from torch_cpu import serve

SIZE = 224
SEED = 20261128


def make(name):
    if not timm.is_model(name):
        raise SystemExit(f"torch_timm.py: timm has no model '{name}'")
    torch.manual_seed(SEED)
    model = timm.create_model(name, pretrained=False).eval()
    size = model.default_cfg["input_size"][-1]
    if size != SIZE and model.default_cfg.get("fixed_input_size"):
        raise SystemExit(f"torch_timm.py: {name} takes images of {size} pixels; {SIZE} are measured")
    return model.requires_grad_(False)


def export(name, file):
    warnings.filterwarnings("ignore")
    axes = {"images": {0: "n"}, "logits": {0: "n"}}
    torch.onnx.export(make(name), (torch.zeros(2, 3, SIZE, SIZE),), file, dynamo=False, input_names=["images"],
                      output_names=["logits"], dynamic_axes=axes)


def network(file, layout):
    model = make(Path(file).stem.removeprefix("timm-")).to(memory_format=layout)

    def run(images):
        logits = model(images)
        return logits, logits

    return run


if sys.argv[1] == "export":
    export(*sys.argv[2:])
else:
    serve(*sys.argv[2:], lambda layout: network(sys.argv[1], layout))
