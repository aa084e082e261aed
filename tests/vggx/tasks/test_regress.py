"""vggx.tasks.regress: measures against scikit-learn, in the numbers' own units; what is refused; what is kept."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from torch.nn import functional as F

from vggx import tasks
from vggx.data.listing import Listing, Sample
from vggx.options import Recipe, RegressOptions
from vggx.tasks.regress import Regress

NAMES = ["turn", "speed"]


def made(names: list[str] = NAMES, **options: Any) -> Regress:
    task = Regress(RegressOptions(**options), names)
    task.mean, task.std = [10.0, 1000.0][: len(names)], [2.0, 500.0][: len(names)]
    return task


def drawn(files: int = 50) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    truth = torch.randn(files, 2) * torch.tensor([2.0, 500.0]) + torch.tensor([10.0, 1000.0])
    return truth + torch.randn(files, 2) * torch.tensor([1.0, 100.0]), truth


def test_one_number_is_measured_in_its_own_unit() -> None:
    scores, truth = (values[:, :1] for values in drawn())
    assert made(["turn"]).measures(scores, truth) == pytest.approx(
        {
            "mae": mean_absolute_error(truth, scores),
            "rmse": root_mean_squared_error(truth, scores),
            "r2": r2_score(truth, scores),
        },
        rel=1e-5,
    )


def test_several_are_measured_each_and_on_the_mean_in_standard_deviations() -> None:
    scores, truth = drawn()
    found = made().measures(scores, truth)
    for place, name in enumerate(NAMES):
        own = truth[:, place], scores[:, place]
        assert found[f"mae_{name}"] == pytest.approx(mean_absolute_error(*own), rel=1e-5)
        assert found[f"rmse_{name}"] == pytest.approx(root_mean_squared_error(*own), rel=1e-5)
        assert found[f"r2_{name}"] == pytest.approx(r2_score(*own), rel=1e-5)
    assert found["rmse"] == pytest.approx((found["rmse_turn"] / 2 + found["rmse_speed"] / 500) / 2)
    assert found["mae"] == pytest.approx((found["mae_turn"] / 2 + found["mae_speed"] / 500) / 2)
    assert found["r2"] == pytest.approx((found["r2_turn"] + found["r2_speed"]) / 2)


def test_files_of_one_number_have_no_r2() -> None:
    found = made(["turn"]).measures(torch.tensor([[1.0], [3.0]]), torch.tensor([[2.0], [2.0]]))
    assert found == {"mae": 1.0, "rmse": 1.0}
    json.dumps(found, allow_nan=False)


def test_the_net_learns_standard_deviations_from_the_mean() -> None:
    task, outputs = made(), torch.tensor([[0.5, -1.0], [0.0, 2.0]])
    numbers = torch.tensor([[11.0, 500.0], [10.0, 2000.0]])
    assert torch.equal(task.activate(outputs), numbers)
    assert task.loss(outputs, numbers).item() == 0.0
    target = numbers + torch.tensor([2.0, 0.0])  # a standard deviation off in one of two
    assert task.loss(outputs, target).item() == pytest.approx(0.5)
    assert made(loss="huber").loss(outputs, target) == F.huber_loss(outputs, outputs + torch.tensor([1.0, 0.0]))


def test_mean_and_deviation_are_the_training_files() -> None:
    listing = Listing(["turn"])
    listing.splits["train"] = [Sample(f"{n}.png", (float(n),)) for n in range(5)]
    listing.splits["val"] = [Sample("v.png", (100.0,))]
    task: Any = tasks.begun(RegressOptions(), listing)
    assert (task.mean, task.std) == ([2.0], [pytest.approx(2**0.5)])
    listing.splits["train"] = [Sample("0.png", (1.0,)), Sample("1.png", (1.0,))]
    with pytest.raises(ValueError, match="turn is the same in all training files"):
        tasks.begun(RegressOptions(), listing)


def test_less_is_better() -> None:
    assert (Regress.watched, Regress.more_is_better) == ("rmse", False)


def test_what_numbers_cannot_be_learned_by() -> None:
    with pytest.raises(ValueError, match=r"task\.loss must be one of mse, huber, not 'l1'"):
        made(loss="l1")
    with pytest.raises(ValueError, match=r"recipe\.label_smoothing=0\.1 spreads a class"):
        made().check(Recipe(label_smoothing=0.1))
    made().check(Recipe(mixup=0.4))


def test_a_card_keeps_names_mean_deviation_and_loss() -> None:
    card = {"task": made(loss="huber").card()}
    assert card["task"] == {
        "name": "regress",
        "loss": "huber",
        "names": NAMES,
        "mean": [10.0, 1000.0],
        "std": [2.0, 500.0],
    }
    found: Any = tasks.of_card(json.loads(json.dumps(card)))
    assert (found.names, found.mean, found.std, found.options.loss) == (NAMES, [10.0, 1000.0], [2.0, 500.0], "huber")


@pytest.mark.parametrize("mean", [None, [1.0], [1.0, "2"], [1.0, float("inf")]])
def test_a_card_that_cannot_be(mean: Any) -> None:
    with pytest.raises(ValueError, match="the card's mean is"):
        tasks.of_card({"task": made().card() | {"mean": mean}})


def test_a_prediction_is_the_numbers() -> None:
    task = made()
    row = task.row(torch.tensor([10.25, 1234.5]), 5)
    assert row == {"numbers": {"turn": 10.25, "speed": 1234.5}}
    rows = [{"path": "a", **row, "error": None}, {"path": "b", **task.row(None, 5), "error": "b: is empty"}]
    assert task.flat(rows) == [
        {"path": "a", "turn": 10.25, "speed": 1234.5, "error": None},
        {"path": "b", "turn": None, "speed": None, "error": "b: is empty"},
    ]
    assert [task.line(each)["numbers"] for each in rows] == ["turn 10.25, speed 1234.5", "b: is empty"]


def test_the_report_has_a_row_for_each_number(tmp_path: Path) -> None:
    made().report(*drawn(), "files $x$", tmp_path)
    lines = (tmp_path / "report.csv").read_text().splitlines()
    assert lines[0] == "number,mae,rmse,r2,true_mean,true_std,files"
    assert [line.split(",")[0] for line in lines[1:]] == NAMES
    assert (tmp_path / "scatter.png").stat().st_size > 1000
