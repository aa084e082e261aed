"""`vggx data preview`, as it is called."""

from pathlib import Path
from typing import Any

from PIL import Image


def test_a_preview_names_its_file_and_the_bad_ones(vggx: Any, bars: Path) -> None:
    words = ["data", "preview", "modality=image", f"modality.data.root={bars}", "modality.data.size=32", "count=25"]
    answer = vggx(*words, "modality.data.val_share=0", "modality.data.test_share=0", "output=my bars.png")
    assert answer.code == 0, answer.err
    first, bad, last = answer.out.splitlines()
    assert first.startswith(f"data: {bars} (source folder, guessed): 2 classes")
    assert bad == f"skipped a train file: {bars}/$x$/nothing.png: is empty (0 bytes)"
    assert last == "25 train samples: my bars.png"
    with Image.open("my bars.png") as image:
        assert image.size[0] > 600
    assert sorted(path.name for path in Path().iterdir()) == [bars.name, "my bars.png"]
    answer = vggx(*words, "split=tst")
    assert (answer.code, answer.out) == (1, "")
    assert "split must be one of train, val, test, not 'tst'" in answer.err
