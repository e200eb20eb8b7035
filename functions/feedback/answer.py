"""A prediction's receipt and a person's answer → the record that is stored."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime

from feedback.labels import ModelClass, find_label
from feedback.record import Feedback
from feedback.schemas import FeedbackIn
from serving.errors import UnprocessableContent
from serving.receipts import Receipt

MAX_COMMENT_CHARACTERS = 500


class CommentTooLong(UnprocessableContent):
    """The comment has more than ``MAX_COMMENT_CHARACTERS``."""

    code = "comment_too_long"


class ContradictoryLabel(UnprocessableContent):
    """The label disagrees with ``correct``."""

    code = "contradictory_label"


def as_feedback(
    answer: FeedbackIn, receipt: Receipt, labels: Mapping[str, ModelClass], now: datetime
) -> Feedback:
    """What is kept of an answer given at ``now`` (UTC).

    A receipt of an earlier model version is as good as one of today's; the label named is looked
    up among the classes of today's model.

    Raises:
        UnknownLabel, ContradictoryLabel, CommentTooLong
    """
    truth = _truth(answer, ModelClass(receipt.label, receipt.label_id), labels)
    return Feedback(
        nonce=receipt.nonce,
        answered_at=now,
        model_name=receipt.model_name,
        model_version=receipt.model_version,
        image_sha256=receipt.input_sha256,
        predicted_label=receipt.label,
        predicted_wnid=receipt.label_id,
        score=receipt.score,
        correct=answer.correct,
        true_label=truth.label if truth else None,
        true_wnid=truth.wnid if truth else None,
        comment=_as_text(answer.comment),
        sure=receipt.sure,
    )


def _truth(
    answer: FeedbackIn, predicted: ModelClass, labels: Mapping[str, ModelClass]
) -> ModelClass | None:
    named = find_label(labels, answer.label) if answer.label is not None else None
    if answer.correct:
        if named not in (None, predicted):
            raise ContradictoryLabel("The prediction is called right, but another label is named.")
        return predicted
    if named == predicted:
        raise ContradictoryLabel("The prediction is called wrong, but its own label is named.")
    return named


def _as_text(comment: str | None) -> str | None:
    """The comment as plain text: line feeds, tabs, and no other control character.

    Markup is stored as it is and escaped where it is shown. An empty comment is None.
    """
    if comment is None:
        return None
    if len(comment) > MAX_COMMENT_CHARACTERS:
        raise CommentTooLong(
            f"The comment has {len(comment)} characters; at most {MAX_COMMENT_CHARACTERS} are kept."
        )
    lines = comment.replace("\r\n", "\n").replace("\r", "\n")
    return (
        "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) != "Cc").strip() or None
    )
