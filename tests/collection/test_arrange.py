"""One folder per class, and one for the photos that are unsure."""

from pathlib import Path

import pytest

from infra.commands.collection.arrange import arrange
from infra.commands.collection.folder import FolderPhotos
from tests.collection_fakes import row


@pytest.mark.parametrize(("min_score", "unsure"), [(None, "b.jpg"), (0.6, "a.jpg")])
def test_the_model_says_what_is_unsure_unless_a_score_is_named(
    tmp_path: Path, min_score: float | None, unsure: str
):
    folder, output = tmp_path / "photos", tmp_path / "sorted"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(b"a photo")
    rows = [row("a.jpg", score=0.4, sure=True), row("b.jpg", score=0.9, sure=False)]

    photos = FolderPhotos(folder, without=output)
    count = arrange(rows, photos, output, min_score=min_score, link=False)

    assert count == 2
    assert [path.name for path in (output / "unsure").iterdir()] == [unsure]
    assert len(list((output / "classes" / "tabby").iterdir())) == 1
