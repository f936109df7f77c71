"""PyTorch's CPU speed on a classifier of timm, seeded and untrained, asked as torch_cpu.py is.

torch_timm.py export NAME FILE          writes it as ONNX, batch left open
torch_timm.py MODEL FOLDER THREADS LAYOUT   MODEL: the file written before, timm-NAME.onnx
"""
import sys
import warnings
from pathlib import Path

import numpy as np
import timm
import torch

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


def serve(file, folder, threads, layout):
    folder = Path(folder)
    torch.set_num_threads(int(threads))
    layout = getattr(torch, layout)
    network = make(Path(file).stem.removeprefix("timm-")).to(memory_format=layout)
    target = torch.from_numpy(np.fromfile(folder / "target", np.float32)).long()
    images = torch.from_numpy(np.fromfile(folder / "images", np.float32))
    images = images.reshape(len(target), 3, SIZE, SIZE).contiguous(memory_format=layout)
    leaf = images.clone().requires_grad_(True)
    result = None
    print(torch.__version__, flush=True)
    for line in sys.stdin:
        asked = line.strip()
        if asked == "forward":
            with torch.inference_mode():
                result = network(images)
        elif asked == "gradient":
            (result,) = torch.autograd.grad(network(leaf).gather(1, target[:, None]).sum(), leaf)
        else:
            result.detach().contiguous().numpy().tofile(folder / "result")
        print("done", flush=True)


if sys.argv[1] == "export":
    export(*sys.argv[2:])
else:
    serve(*sys.argv[1:])
