"""What the environment may say."""

import pytest
from pydantic import ValidationError

from feedback.settings import FeedbackSettings

REQUIRED = {"RECEIPT_KEY": "k" * 32, "TABLE_NAME": "table", "LABELS_FILE": "labels.json"}


def settings(monkeypatch: pytest.MonkeyPatch, **environ: str) -> FeedbackSettings:
    for name, value in (REQUIRED | environ).items():
        monkeypatch.setenv(name, value)
    return FeedbackSettings()


def test_no_previous_key_and_an_empty_one_are_the_same(monkeypatch: pytest.MonkeyPatch):
    # sam local sets a variable that is AWS::NoValue to ""
    assert settings(monkeypatch, PREVIOUS_RECEIPT_KEY="").previous_receipt_key is None


@pytest.mark.parametrize(
    "wrong", [{"RECEIPT_KEY": ""}, {"RECEIPT_KEY": "short"}, {"PREVIOUS_RECEIPT_KEY": "short"}]
)
def test_a_short_key_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]):
    with pytest.raises(ValidationError):
        settings(monkeypatch, **wrong)
