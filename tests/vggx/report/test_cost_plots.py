"""vggx.report.cost_plots: what is drawn are the rows' values."""

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from vggx.report import cost_plots


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved, and their files besides."""
    figures: list[Figure] = []
    save = cost_plots.save

    def kept(figure: Figure, path: Path) -> None:
        figures.append(figure)
        save(figure, path)

    monkeypatch.setattr(cost_plots, "save", kept)
    return figures


def check_png(path: Path) -> None:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert b"IEND" in data[-12:]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def part(modality: str, name: str, macs: int, params: int, kind: str = "layer") -> dict[str, Any]:
    return {"modality": modality, "plan": "D", kind: name, "macs": macs, "params": params}


@pytest.mark.parametrize("kind", ["layer", "block"])
def test_shares_of_the_parts(drawn: list[Figure], tmp_path: Path, kind: str) -> None:
    rows = [part("image", "a", 30, 1, kind), part("image", "b", 10, 3, kind), part("sonar", "a", 5, 5, kind)]
    cost_plots.by_part([*rows, part("image", "pool", 0, 0, kind)], tmp_path / "by.png")
    check_png(tmp_path / "by.png")
    first, second = drawn[0].axes
    assert [bar.get_width() for bar in first.patches] == [75, 25, 25, 75]
    assert [bar.get_width() for bar in second.patches] == [100, 100]
    assert [label.get_text() for label in first.get_yticklabels()] == ["a", "b"]
    assert (first.get_title(), second.get_title()) == ("image, plan D", "sonar, plan D")


def test_many_nets_stand_in_lines_of_three(drawn: list[Figure], tmp_path: Path) -> None:
    rows = [part("image", "a", 10, 10) | {"plan": plan} for plan in ("A", "B", "C", "D")]
    cost_plots.by_part(rows, tmp_path / "by.png")
    places = [(round(axes.get_position().x0, 2), round(axes.get_position().y0, 2)) for axes in drawn[0].axes]
    assert len({x for x, _ in places}) == 3
    assert [y for _, y in places][:3] == [places[0][1]] * 3
    assert places[3][0] == places[0][0]
    assert places[3][1] < places[0][1]
    assert [text.get_text() for text in drawn[0].axes[0].get_legend().texts] == [
        "MACs, 10.00 in all",
        "parameters, 10.00 in all",
    ]


def test_points_that_all_but_coincide_share_a_name() -> None:
    points = [(1e6, 1e9), (1.1e6, 1.1e9), (1e6, 2e9), (1.3e6, 1e9), (1e6, 1e9)]
    assert cost_plots.joined(points, ["A", "B", "C", "D", "A"]) == {
        (1e6, 1e9): "A, B",
        (1e6, 2e9): "C",
        (1.3e6, 1e9): "D",
    }


def net(modality: str, plan: str, params: int, flops: int, rows: int | None = 1) -> dict[str, Any]:
    return {"modality": modality, "plan": plan, "params": params, "flops": flops, "rows": rows}


def test_parameters_against_flops(drawn: list[Figure], tmp_path: Path) -> None:
    ours = [
        net("image", "A", 1_000_000, 10**9),
        net("image", "A-LRN", 1_000_000, 10**9),
        net("video", "$D", 10**8, 10**11),
    ]
    theirs = [net("image", "torchvision:vgg16", 10**7, 3 * 10**9, None)]
    cost_plots.params_flops([*ours, *theirs], tmp_path / "p.png")
    check_png(tmp_path / "p.png")
    (axes,) = drawn[0].axes
    found = {line.get_label(): sorted(zip(*line.get_data(), strict=True)) for line in axes.lines}
    assert found == {
        "vggx, image": [(1_000_000, 10**9)] * 2,
        "peers, image": [(10**7, 3 * 10**9)],
        "vggx, video": [(10**8, 10**11)],
    }
    assert {text.get_text() for text in axes.texts} - {""} == {"A, A-LRN", "vgg16", "$D"}


def test_names_do_not_cover_each_other(drawn: list[Figure], tmp_path: Path) -> None:
    close = [
        net("image", f"net{number}", round(10**6 * 1.2**number), round(10**9 * 1.2**number)) for number in range(8)
    ]
    cost_plots.params_flops(close, tmp_path / "p.png")
    boxes = [text.get_window_extent() for text in drawn[0].axes[0].texts if text.get_text()]
    assert len(boxes) == 8
    assert not any(a.overlaps(b) for index, a in enumerate(boxes) for b in boxes[:index])


def test_growth_draws_laws_as_lines_and_counts_as_points(drawn: list[Figure], tmp_path: Path) -> None:
    curve = {"modality": "image", "grows": "size", "law": "2 size^2", "values": [1, 2], "counted": [2, 8]}
    curve |= {"smooth": [1, 1.5, 2], "predicted": [2, 4.5, 8]}
    cost_plots.growth([curve, curve | {"grows": "width", "modality": "video"}], tmp_path / "g.png")
    check_png(tmp_path / "g.png")
    size, width = drawn[0].axes
    assert (size.get_xlabel(), width.get_xlabel()) == ("size", "width")
    law, counts = size.lines
    assert (list(law.get_ydata()), list(counts.get_ydata())) == ([2, 4.5, 8], [2, 8])
    assert law.get_label() == "image: 2 size^2"


def test_every_modality_has_a_colour_of_its_own() -> None:
    found = cost_plots.colours([{"modality": name} for name in ("video", "sonar", "image", "audio", "video")])
    assert list(found) == ["audio", "image", "sonar", "video"]
    assert len(set(found.values())) == 4
