"""What boto3 raises, held against AWS's own codes."""

import re
from contextlib import contextmanager

import botocore.exceptions
import pytest


@contextmanager
def aws_error(code: str | tuple[str, ...], status: int | None = None, words: str = ""):
    """The block has to end in a ClientError with this code (one of these), this HTTP status and these words."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield caught
    response = caught.value.response
    codes = (code,) if isinstance(code, str) else code
    assert response["Error"]["Code"] in codes, response
    if status is not None:
        assert response["ResponseMetadata"]["HTTPStatusCode"] == status, response
    if words:
        assert re.search(re.escape(words), response["Error"].get("Message", "")), response


@contextmanager
def not_implemented(operation: str):
    """The block has to be refused with 501 and the operation's name."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield caught
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 501, response
    assert operation in response["Error"]["Message"], response
