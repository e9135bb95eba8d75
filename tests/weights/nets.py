"""A net as large as a test needs, of torch alone. Knows no architecture that was ever published."""

from torch import nn


class Net(nn.Module):
    """Square layers one after another."""

    def __init__(self, width: int = 200, depth: int = 2) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
