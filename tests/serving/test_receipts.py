from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.receipts import Receipt, ReceiptBook, ReceiptExpired, ReceiptForged

KEY = "a key of at least thirty-two characters"
RECEIPT = Receipt("n0nce", "ab" * 32, "resnet50", "0123456789ab", "tabby", "n02123045", 0.91)


def test_verifies_what_it_issued():
    book, sure = ReceiptBook(KEY), replace(RECEIPT, sure=True)

    assert book.verify(book.issue(sure)) == sure


def test_takes_a_receipt_from_before_there_was_sure():
    token = (
        ".eJyljmEKgzAMhe_S30NitW7uMiXVwAo1lbYTxvDuRkEvIPnxyJeXl_wVRx5IvRXDrg_lef4Wmz-oTScY3b2SxCmOF"
        "CzjtJ9JlJmKgYsvlLKPLCOoddOa7vnqj7WAjoLggs79zt768fhVixdaIzgPMUkwVH29bnI5Qyg.awIfSQ.1d8Xjxvt"
        "25ONAwmgK7XovvuwCcpxjwrCw81IkYQAHCA"
    )

    assert ReceiptBook(KEY).verify(token, max_age_s=10**10) == RECEIPT
    assert RECEIPT.sure is None


def test_refuses_a_receipt_of_another_key():
    token = ReceiptBook("another key of thirty-two characters").issue(RECEIPT)

    with pytest.raises(ReceiptForged):
        ReceiptBook(KEY).verify(token)


def test_after_a_rotation_verifies_what_the_previous_key_signed():
    rotated = ReceiptBook("a new key of at least thirty-two characters", previous_key=KEY)

    assert rotated.verify(ReceiptBook(KEY).issue(RECEIPT)) == RECEIPT


def test_after_a_rotation_signs_with_the_new_key():
    token = ReceiptBook("a new key of at least thirty-two characters", KEY).issue(RECEIPT)

    with pytest.raises(ReceiptForged):
        ReceiptBook(KEY).verify(token)


def test_refuses_a_receipt_older_than_allowed():
    book = ReceiptBook(KEY)

    with pytest.raises(ReceiptExpired):
        book.verify(book.issue(RECEIPT), max_age_s=-1)


@given(st.integers(0, 10_000), st.characters(codec="ascii", categories=["L", "N"]))
def test_refuses_any_altered_receipt(position: int, character: str):
    book = ReceiptBook(KEY)
    token = book.issue(RECEIPT)
    altered = list(token)
    altered[position % len(token)] = character
    # The signature's last character has unused bits: changing them changes nothing.
    if "".join(altered).rsplit(".", 1)[0] == token.rsplit(".", 1)[0]:
        return

    with pytest.raises(ReceiptForged):
        book.verify("".join(altered))


@given(st.text(max_size=300))
def test_refuses_any_text(text: str):
    with pytest.raises(ReceiptForged):
        ReceiptBook(KEY).verify(text)


def test_tells_two_answers_to_one_image_apart():
    book = ReceiptBook(KEY)

    assert book.issue(RECEIPT) != book.issue(replace(RECEIPT, nonce="other"))
