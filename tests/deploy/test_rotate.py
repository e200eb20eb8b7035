"""Rotating the receipt key, against Secrets Manager in moto."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.deploy.rotate import rotate_key
from serving.receipts import Receipt, ReceiptBook, ReceiptForged
from tests.deploy.aws import REGION

RECEIPT = Receipt("nonce", "", "model", "version", "tabby", None, 0.9)


class Keys:
    """The stack's two secrets, as they are after its creation."""

    def __init__(self) -> None:
        self.client = boto3.client("secretsmanager", region_name=REGION)
        self._arns = [self._create(name) for name in ("current", "previous")]

    def _create(self, name: str) -> str:
        key = self.client.get_random_password(PasswordLength=64)["RandomPassword"]
        arn: str = self.client.create_secret(Name=name, SecretString=key)["ARN"]
        return arn

    def book(self) -> ReceiptBook:
        values = [self.client.get_secret_value(SecretId=arn)["SecretString"] for arn in self._arns]
        return ReceiptBook(*values)

    def rotate(self, client: Any = None) -> None:
        rotate_key(client or self.client, *self._arns)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Keys]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield Keys()


def test_a_receipt_outlives_one_rotation_but_not_two(keys: Keys):
    token = keys.book().issue(RECEIPT)

    keys.rotate()
    assert keys.book().verify(token) == RECEIPT
    assert keys.book().issue(RECEIPT) != token

    keys.rotate()
    with pytest.raises(ReceiptForged):
        keys.book().verify(token)


def test_an_interrupted_rotation_voids_no_receipt(keys: Keys):
    token = keys.book().issue(RECEIPT)

    class Interrupted:
        def __getattr__(self, name: str) -> Any:
            if name == "get_random_password":
                raise ConnectionError
            return getattr(keys.client, name)

    with pytest.raises(ConnectionError):
        keys.rotate(Interrupted())

    assert keys.book().verify(token) == RECEIPT
