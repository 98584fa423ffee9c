"""Requests signed by botocore."""

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from .local_cloud import LocalCloud


def _credentials(cloud: LocalCloud, given: dict | None) -> botocore.credentials.Credentials:
    if given:  # as STS answers
        return botocore.credentials.Credentials(given["AccessKeyId"], given["SecretAccessKey"],
                                                given.get("SessionToken"))
    return botocore.credentials.Credentials(cloud.ready["accessKeyId"], cloud.ready["secretAccessKey"])


def http_url(url: str) -> str:
    return url.replace("ws", "http", 1) if url.startswith("ws") else url


def signed_headers(cloud: LocalCloud, url: str, method: str = "GET", body: bytes = b"", service: str = "execute-api",
                   credentials: dict | None = None) -> dict[str, str]:
    request = botocore.awsrequest.AWSRequest(method, http_url(url), data=body)
    botocore.auth.SigV4Auth(_credentials(cloud, credentials), service, cloud.region).add_auth(request)
    return dict(request.headers.items())


def signed_query(cloud: LocalCloud, url: str, method: str = "GET", service: str = "execute-api",
                 credentials: dict | None = None, expires: int = 300) -> str:
    """The URL with the signature in its query, in the scheme of `url`."""
    request = botocore.awsrequest.AWSRequest(method, http_url(url))
    botocore.auth.SigV4QueryAuth(_credentials(cloud, credentials), service, cloud.region,
                                 expires=expires).add_auth(request)
    return url + request.url[len(http_url(url)):]
