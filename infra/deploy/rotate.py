"""A new receipt key; the one before it stays good for verifying."""

from typing import Any

KEY_LENGTH = 64


def rotate_key(secrets: Any, current: str, previous: str) -> None:
    """Put a new key into the secret ``current``, and what it held into ``previous`` (ARNs).

    ``secrets`` is boto3's client of Secrets Manager. In this order, so that whatever interrupts it,
    no receipt becomes void: twice the same key verifies as well as once.
    """
    key = secrets.get_secret_value(SecretId=current)["SecretString"]
    secrets.put_secret_value(SecretId=previous, SecretString=key)
    new = secrets.get_random_password(PasswordLength=KEY_LENGTH, ExcludePunctuation=True)
    secrets.put_secret_value(SecretId=current, SecretString=new["RandomPassword"])
