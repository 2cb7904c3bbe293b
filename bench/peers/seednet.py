"""The network that `resnet` trains by default, fashion-resnet, in PyTorch.

Numerics are Keras': TensorFlow's 'same' padding (a stride of 2 on 28 pixels pads 0 top and left, 1 bottom and right),
batch norm with eps 1e-3 and momentum 0.99 (PyTorch's 0.01), convolutions drawn from normal(0, 0.05), linear layers
Glorot uniform, Adam with eps 1e-7. Parameter names are those of the weights files that `resnet` writes, so

    net.load_state_dict(safetensors.torch.load_file("best.safetensors"), strict=False)

loads one; strict=False because the files leave out PyTorch's num_batches_tracked.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F


def batch_norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Shortcut(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.bn = batch_norm(cin)
        self.conv = nn.Conv2d(cin, cout, 1, bias=False)

    def forward(self, x):
        return self.conv(F.relu(self.bn(x)))


class Block(nn.Module):
    """relu(conv3(relu(bn2(conv2(relu(bn1(conv1 x)))))) + conv(relu(bn x)))"""

    def __init__(self, cin, width):
        super().__init__()
        self.shortcut = Shortcut(cin, width)
        self.conv1 = nn.Conv2d(cin, width, 1, bias=False)
        self.bn1 = batch_norm(width)
        self.conv2 = nn.Conv2d(width, 2 * width, 3, padding=1, bias=False)
        self.bn2 = batch_norm(2 * width)
        self.conv3 = nn.Conv2d(2 * width, width, 1, bias=False)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.conv3(y) + self.shortcut(x))


class SeedNet(nn.Module):
    def __init__(self, base=16, hidden=512, classes=10, side=28):
        super().__init__()
        self.stem = nn.Conv2d(1, base, 3, stride=2, bias=False)
        widths = [base, base, 2 * base, 2 * base, 4 * base]
        self.blocks = nn.ModuleList(Block(a, b) for a, b in zip(widths, widths[1:]))
        features = 4 * base * (side // 4) ** 2
        self.fc1 = nn.Linear(features, hidden) if hidden else None
        self.fc2 = nn.Linear(hidden or features, classes)

    def forward(self, x):  # N, 1, 28, 28 in 0..1 -> logits
        x = self.stem(F.pad(x, (0, 1, 0, 1)))
        for block in self.blocks:
            x = block(x)
        x = F.avg_pool2d(x, 2).flatten(1)
        if self.fc1 is not None:
            x = F.relu(self.fc1(x))
        return self.fc2(x)


def keras_init(net, seed):
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, nn.Conv2d):
                m.weight.normal_(0, 0.05, generator=g)
            if isinstance(m, nn.Linear):
                limit = (6 / (m.in_features + m.out_features)) ** 0.5
                m.weight.uniform_(-limit, limit, generator=g)
                m.bias.zero_()


def adam(net, lr=1e-3, **kw):
    return torch.optim.Adam(net.parameters(), lr=lr, eps=1e-7, **kw)


if __name__ == "__main__":
    net = SeedNet()
    trainable = sum(p.numel() for p in net.parameters())
    running = sum(b.numel() for k, b in net.named_buffers() if "running" in k)
    for name, t in net.state_dict().items():
        if "num_batches" not in name:
            print(f"{name:32} {tuple(t.shape)}")
    print(f"total {trainable + running:,}, trainable {trainable:,}, running statistics {running:,}")
