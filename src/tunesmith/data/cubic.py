"""The synthetic cubic regression problem."""

import torch
from torch import Tensor

from tunesmith.data.tabular import Rows, TabularDataModule
from tunesmith.errors import InvalidArgument
from tunesmith.validate import require_integer, require_seed

N_FEATURES = 5
VAL_FRACTION = 0.2


def cubic(x: Tensor) -> Tensor:
    """Return x0 + x0^2 + 2 x1^3 + 3 x2 + 4 x3 + 5 x4; x is (n, 5), the result (n, 1)."""
    y = x[:, 0] + x[:, 0] ** 2 + 2 * x[:, 1] ** 3 + 3 * x[:, 2] + 4 * x[:, 3] + 5 * x[:, 4]
    return y.unsqueeze(1)


class CubicDataModule(TabularDataModule):
    """Synthetic rows of a cubic polynomial in five features, without noise.

    x ~ N(0, 1), (n, 5), float32; y = x0 + x0^2 + 2 x1^3 + 3 x2 + 4 x3 + 5 x4, (n, 1), float32. The
    first 80 % of the rows are the training rows, the last 20 % the validation rows. `setup` seeds
    PyTorch's global generator and draws them from it: weights drawn afterwards continue its stream.

    Args:
        n_samples: Training and validation rows together, at least 2.
        seed: Seeds these rows.
        batch_size: Rows of a training batch; None takes all training rows at once.
        n_test: Test rows, at least 1.
        test_seed: Seeds the test rows; must differ from `seed`.

    Raises:
        InvalidArgument: A size is too small, a seed is not an integer from 0 to 4294967295, or both
            seeds are equal.

    """

    def __init__(
        self,
        *,
        n_samples: int,
        seed: int,
        batch_size: int | None,
        n_test: int,
        test_seed: int,
    ) -> None:
        super().__init__(batch_size=batch_size)
        require_integer("n_samples", n_samples, minimum=2, example=10000)
        require_integer("n_test", n_test, minimum=1, example=10000)
        require_seed("seed", seed, example=42)
        require_seed("test_seed", test_seed, example=43)
        if seed == test_seed:
            raise InvalidArgument(
                "test_seed",
                "another one than seed",
                seed,
                seed + 1,
                detail="with which the test rows would repeat the training rows",
            )
        self.n_samples = n_samples
        self.seed = seed
        self.n_test = n_test
        self.test_seed = test_seed

    @property
    def model_arguments(self) -> dict[str, int]:
        """`n_features`, 5."""
        return {"n_features": N_FEATURES}

    def setup(self, stage: str) -> None:
        """Draw the training and validation rows, once."""
        if hasattr(self, "train"):
            return
        torch.manual_seed(self.seed)
        x = torch.randn(self.n_samples, N_FEATURES)
        y = cubic(x)
        n_train = min(round(self.n_samples * (1 - VAL_FRACTION)), self.n_samples - 1)
        self.train = x[:n_train], y[:n_train]
        self.val = x[n_train:], y[n_train:]

    @property
    def test(self) -> Rows:
        """The test rows, drawn by a generator of their own."""
        generator = torch.Generator().manual_seed(self.test_seed)
        x = torch.randn(self.n_test, N_FEATURES, generator=generator)
        return x, cubic(x)
