"""S3 beyond whole objects (test_local_cloud_storage.py has those): parts, copies, versions, tags, checksums, events,
policies, pages of other origins and expiry, driven by boto3."""

import base64
import hashlib
import io
import json
import os
import zlib
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import boto3.s3.transfer
import botocore.auth
import pytest
import requests

from harness import functions
from harness.errors import aws_error, not_implemented
from harness.processes import wait_until
from harness.stacks import OFTEN, deploy, template

ACCOUNT = "123456789012"
DAY = 24 * 3_600_000
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def s3(cloud):
    return cloud.client("s3")


@pytest.fixture
def bucket(s3, request):
    name = request.node.name.removeprefix("test_").replace("_", "-")[:50].strip("-")
    s3.create_bucket(Bucket=name)
    return name


def put(s3, bucket, *keys, **more):
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), **more)


def keys(answer, member="Contents"):
    return [one["Key"] for one in answer.get(member, [])]


# --- Parts

def test_a_large_file_goes_up_and_comes_down_in_parts(s3, bucket, tmp_path):
    content = os.urandom(20 * MEGABYTE)
    (tmp_path / "large").write_bytes(content)
    s3.upload_file(str(tmp_path / "large"), bucket, "large", ExtraArgs={"Metadata": {"a": "b"}})
    head = s3.head_object(Bucket=bucket, Key="large")
    assert head["ContentLength"] == len(content) and head["ETag"].endswith('-3"') and head["Metadata"] == {"a": "b"}
    s3.download_file(bucket, "large", str(tmp_path / "again"))
    assert (tmp_path / "again").read_bytes() == content
    part = s3.get_object(Bucket=bucket, Key="large", PartNumber=3)
    assert part["PartsCount"] == 3 and part["Body"].read() == content[16 * MEGABYTE:]
    s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "copied",
            Config=boto3.s3.transfer.TransferConfig(multipart_threshold=MEGABYTE))
    assert s3.get_object(Bucket=bucket, Key="copied")["Body"].read() == content


def test_an_upload_in_parts_keeps_the_rules(s3, bucket):
    made = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="CRC32", ContentType="text/x")
    which = {"Bucket": bucket, "Key": "k", "UploadId": made["UploadId"]}
    large = b"x" * (5 * MEGABYTE)
    one = s3.upload_part(**which, PartNumber=1, Body=large)
    two = s3.upload_part(**which, PartNumber=2, Body=b"y")
    s3.upload_part(**which, PartNumber=3, Body=b"z")
    listed = s3.list_parts(**which)
    assert [(part["PartNumber"], part["Size"]) for part in listed["Parts"]] == [(1, len(large)), (2, 1), (3, 1)]
    assert listed["ChecksumAlgorithm"] == "CRC32" and not listed["IsTruncated"]
    pages = s3.get_paginator("list_parts").paginate(**which, PaginationConfig={"PageSize": 2})
    assert [len(page["Parts"]) for page in pages] == [2, 1]
    assert keys(s3.list_multipart_uploads(Bucket=bucket), "Uploads") == ["k"]

    def complete(*parts):
        return s3.complete_multipart_upload(**which, MultipartUpload={"Parts": [
            {"PartNumber": number, "ETag": etag} for number, etag in parts]})

    with aws_error("InvalidPart", 400):
        complete((1, two["ETag"]))
    with aws_error("InvalidPartOrder", 400):
        complete((2, two["ETag"]), (1, one["ETag"]))
    with aws_error("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size"):
        complete((2, two["ETag"]), (3, hashlib.md5(b"z").hexdigest()))
    with aws_error("InvalidArgument", 400, "Part number must be an integer between 1 and 10000, inclusive"):
        s3.upload_part(**which, PartNumber=10001, Body=b"x")
    with aws_error("NoSuchUpload", 404):
        s3.upload_part(**{**which, "UploadId": "none"}, PartNumber=1, Body=b"x")
    with aws_error("InvalidRequest", 400, "It was missing for part 1 in the request."):
        complete((1, one["ETag"]), (2, two["ETag"]))
    chosen = [{"PartNumber": number, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]}
              for number, part in ((1, one), (2, two))]
    for wrong, words in (({"MpuObjectSize": 3}, "x-amz-mp-object-size"), ({"ChecksumType": "FULL_OBJECT"}, "same")):
        with aws_error("InvalidRequest", 400, words):
            s3.complete_multipart_upload(**which, MultipartUpload={"Parts": chosen}, **wrong)
    done = s3.complete_multipart_upload(**which, MultipartUpload={"Parts": chosen}, MpuObjectSize=len(large) + 1)
    sums = b"".join(zlib.crc32(part).to_bytes(4, "big") for part in (large, b"y"))
    assert done["ChecksumCRC32"] == base64.b64encode(zlib.crc32(sums).to_bytes(4, "big")).decode() + "-2"
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == large + b"y" and got["ContentType"] == "text/x"
    with aws_error("NoSuchUpload", 404):
        complete((1, one["ETag"]))
    aborted = s3.create_multipart_upload(Bucket=bucket, Key="gone")
    s3.abort_multipart_upload(Bucket=bucket, Key="gone", UploadId=aborted["UploadId"])
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    with aws_error("NoSuchUpload", 404):
        s3.abort_multipart_upload(Bucket=bucket, Key="gone", UploadId=aborted["UploadId"])


# --- Reading, copying, listing

def test_reads_take_conditions_ranges_and_other_headers(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789", CacheControl="no-store",
                         ContentEncoding="x", ContentDisposition="attachment", ContentLanguage="de")["ETag"]
    got = s3.get_object(Bucket=bucket, Key="k", Range="bytes=-3", IfMatch=etag)
    assert got["Body"].read() == b"789" and got["ContentRange"] == "bytes 7-9/10"
    assert (got["CacheControl"], got["ContentEncoding"], got["ContentLanguage"]) == ("no-store", "x", "de")
    assert got["ServerSideEncryption"] == "AES256"
    with aws_error("InvalidRange", 416):
        s3.get_object(Bucket=bucket, Key="k", Range="bytes=10-")
    with aws_error("PreconditionFailed", 412):
        s3.get_object(Bucket=bucket, Key="k", IfMatch='"other"')
    with aws_error("304", 304):
        s3.get_object(Bucket=bucket, Key="k", IfNoneMatch=etag)
    soon = datetime.now(timezone.utc) + timedelta(days=1000)
    with aws_error("304", 304):
        s3.get_object(Bucket=bucket, Key="k", IfModifiedSince=soon)
    with aws_error("412", 412):
        s3.head_object(Bucket=bucket, Key="k", IfUnmodifiedSince=soon - timedelta(days=10_000))
    assert s3.get_object(Bucket=bucket, Key="k", ResponseContentType="text/x")["ContentType"] == "text/x"
    with aws_error("PreconditionFailed", 412):
        s3.put_object(Bucket=bucket, Key="k", Body=b"", IfMatch='"other"')
    with aws_error("NoSuchKey", 404):
        s3.put_object(Bucket=bucket, Key="none", Body=b"", IfMatch=etag)


def test_a_copy_takes_or_replaces_what_the_object_has(s3, bucket):
    s3.put_object(Bucket=bucket, Key="from ä", Body=b"x", Metadata={"a": "1"}, Tagging="t=1", ContentType="text/a")
    source = {"Bucket": bucket, "Key": "from ä"}
    copied = s3.copy_object(Bucket=bucket, Key="to", CopySource=source)
    assert copied["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(b"x").hexdigest()}"'
    assert s3.head_object(Bucket=bucket, Key="to")["Metadata"] == {"a": "1"}
    assert s3.get_object_tagging(Bucket=bucket, Key="to")["TagSet"] == [{"Key": "t", "Value": "1"}]
    s3.copy_object(Bucket=bucket, Key="to", CopySource=source, MetadataDirective="REPLACE", Metadata={"b": "2"},
                   TaggingDirective="REPLACE", Tagging="u=2", ContentType="text/b")
    head = s3.head_object(Bucket=bucket, Key="to")
    assert head["Metadata"] == {"b": "2"} and head["ContentType"] == "text/b"
    assert s3.get_object_tagging(Bucket=bucket, Key="to")["TagSet"] == [{"Key": "u", "Value": "2"}]
    with aws_error("InvalidRequest", 400, "trying to copy an object to itself without changing"):
        s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "to"})
    with aws_error("NoSuchKey", 404):
        s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "none"})
    with aws_error("PreconditionFailed", 412):
        s3.copy_object(Bucket=bucket, Key="to", CopySource=source, CopySourceIfMatch='"other"')


def test_lists_of_the_first_version_come_in_pages(s3, bucket):
    put(s3, bucket, "a/1", "a/2", "b/1", "c d", "e")
    pages = list(s3.get_paginator("list_objects").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2}))
    assert [keys(page) for page in pages] == [["a/1", "a/2"], ["b/1", "c d"], ["e"]]
    first = s3.list_objects(Bucket=bucket, Delimiter="/", MaxKeys=2)
    assert [one["Prefix"] for one in first["CommonPrefixes"]] == ["a/", "b/"] and first["NextMarker"] == "b/"
    assert keys(s3.list_objects(Bucket=bucket, Delimiter="/", Marker="b/")) == ["c d", "e"]
    assert keys(s3.list_objects_v2(Bucket=bucket, StartAfter="b/1")) == ["c d", "e"]
    assert s3.list_objects_v2(Bucket=bucket, FetchOwner=True, MaxKeys=1)["Contents"][0]["Owner"]["ID"]
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=0)["KeyCount"] == 0
    with aws_error("InvalidArgument", 400):
        s3.list_objects_v2(Bucket=bucket, ContinuationToken="?")


def test_limits_and_what_objects_have_not_here(s3, bucket):
    with aws_error("KeyTooLongError", 400):
        s3.put_object(Bucket=bucket, Key="k" * 1025)
    s3.put_object(Bucket=bucket, Key="k" * 1024)
    with aws_error("MetadataTooLarge", 400):
        s3.put_object(Bucket=bucket, Key="k", Metadata={"m": "x" * 2048})
    with aws_error("AccessControlListNotSupported", 400, "The bucket does not allow ACLs"):
        s3.put_object(Bucket=bucket, Key="k", ACL="public-read")
    with aws_error("AccessDenied", 403):
        s3.put_object(Bucket=bucket, Key="k", ExpectedBucketOwner="999999999999")
    with not_implemented("PutObject with StorageClass GLACIER"):
        s3.put_object(Bucket=bucket, Key="k", StorageClass="GLACIER")
    with not_implemented("PutObject with ServerSideEncryption aws:kms"):
        s3.put_object(Bucket=bucket, Key="k", ServerSideEncryption="aws:kms")
    s3.put_object(Bucket=bucket, Key="k", StorageClass="STANDARD_IA")
    assert s3.head_object(Bucket=bucket, Key="k")["StorageClass"] == "STANDARD_IA"
    with aws_error("InvalidBucketName", 400):
        s3.create_bucket(Bucket="192.168.5.4")
    with not_implemented("s3:PutBucketWebsite"):
        s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})
    with not_implemented("s3:PutBucketReplication"):
        s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration={"Role": "r", "Rules": [
            {"Status": "Enabled", "Destination": {"Bucket": "b"}}]})
    assert bucket in [one["Name"] for one in s3.list_buckets()["Buckets"]]
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    s3.head_bucket(Bucket=bucket)


def test_checksums_are_held_against_the_body(s3, bucket):
    crc = base64.b64encode(zlib.crc32(b"body").to_bytes(4, "big")).decode()
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"body")["ChecksumCRC32"] == crc
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["ChecksumCRC32"] == crc and got["Body"].read() == b"body"
    sha = base64.b64encode(hashlib.sha256(b"body").digest()).decode()
    assert s3.put_object(Bucket=bucket, Key="s", Body=b"body", ChecksumAlgorithm="SHA256")["ChecksumSHA256"] == sha
    with aws_error("BadDigest", 400, "The SHA256 you specified did not match the calculated checksum."):
        s3.put_object(Bucket=bucket, Key="k", Body=b"other", ChecksumSHA256=sha)
    with aws_error("BadDigest", 400, "The Content-MD5 you specified did not match what we received."):
        s3.put_object(Bucket=bucket, Key="k", Body=b"other",
                      ContentMD5=base64.b64encode(hashlib.md5(b"body").digest()).decode())
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"body"


# --- Tags and versions

def test_objects_and_buckets_have_tags(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Tagging="a=1&b=x%20y")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a", "Value": "1"},
                                                                       {"Key": "b", "Value": "x y"}]
    assert s3.head_object(Bucket=bucket, Key="k")["TagCount"] == 2
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "c", "Value": "3"}]})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "c", "Value": "3"}]
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    with aws_error("BadRequest", 400, "Object tags cannot be greater than 10"):
        s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": str(n), "Value": ""}
                                                                          for n in range(11)]})
    with aws_error("InvalidTag", 400):
        s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "aws:x", "Value": ""}]})
    with aws_error("NoSuchKey", 404):
        s3.get_object_tagging(Bucket=bucket, Key="none")
    with aws_error("NoSuchTagSet", 404):
        s3.get_bucket_tagging(Bucket=bucket)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "team", "Value": "blue"}]})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "team", "Value": "blue"}]
    s3.delete_bucket_tagging(Bucket=bucket)
    with aws_error("NoSuchTagSet", 404):
        s3.get_bucket_tagging(Bucket=bucket)


def test_versions_are_kept_and_deletions_marked(s3, bucket):
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    put(s3, bucket, "k")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"2")["VersionId"]
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == second
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"k"
    gone = s3.delete_object(Bucket=bucket, Key="k")
    assert gone["DeleteMarker"]
    with aws_error("NoSuchKey", 404) as caught:
        s3.get_object(Bucket=bucket, Key="k")
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    with aws_error("MethodNotAllowed", 405):
        s3.get_object(Bucket=bucket, Key="k", VersionId=gone["VersionId"])
    with aws_error("NoSuchVersion", 404):
        s3.get_object(Bucket=bucket, Key="k", VersionId="none")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    listed = s3.list_object_versions(Bucket=bucket)
    assert [(one["VersionId"], one["IsLatest"]) for one in listed["Versions"]] == [(second, False), ("null", False)]
    assert [(one["VersionId"], one["IsLatest"]) for one in listed["DeleteMarkers"]] == [(gone["VersionId"], True)]
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    assert sum(len(page.get("Versions", []) + page.get("DeleteMarkers", [])) for page in pages) == 3
    assert s3.delete_object(Bucket=bucket, Key="k", VersionId=gone["VersionId"])["DeleteMarker"]
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"3")["VersionId"] == "null"
    assert [one["VersionId"] for one in s3.list_object_versions(Bucket=bucket)["Versions"]] == ["null", second]
    copied = s3.copy_object(Bucket=bucket, Key="old", CopySource={"Bucket": bucket, "Key": "k", "VersionId": second})
    assert copied["CopySourceVersionId"] == second
    s3.delete_object(Bucket=bucket, Key="old")
    with aws_error("BucketNotEmpty", 409, "You must delete all versions in the bucket."):
        s3.delete_bucket(Bucket=bucket)
    everything = s3.list_object_versions(Bucket=bucket)
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [
        {"Key": one["Key"], "VersionId": one["VersionId"]}
        for one in everything["Versions"] + everything.get("DeleteMarkers", [])]})
    assert "Errors" not in deleted
    s3.delete_bucket(Bucket=bucket)


def test_several_are_deleted_at_once_and_failures_told(cloud, s3, bucket):
    put(s3, bucket, "a", "b", "held")
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "s3:DeleteObject",
        "Resource": f"arn:aws:s3:::{bucket}/held"}]}))
    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "held"}, {"Key": "none"}]})
    assert keys(done, "Deleted") == ["a", "none"]
    assert [(one["Key"], one["Code"]) for one in done["Errors"]] == [("held", "AccessDenied")]
    assert "Deleted" not in s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}], "Quiet": True})
    assert keys(s3.list_objects_v2(Bucket=bucket)) == ["held"]


# --- URLs and forms

def test_a_presigned_url_ends(cloud, s3, bucket, monkeypatch):
    signer = cloud.client("s3", signature_version="s3v4")
    put(s3, bucket, "k")

    def url():
        return signer.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)

    assert parse_qs(urlsplit(url()).query)["X-Amz-Expires"] == ["60"]
    assert requests.get(url(), timeout=30).content == b"k"
    # Signatures live by the machine's clock, which no test turns.
    earlier = datetime.now(timezone.utc) - timedelta(seconds=61)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: earlier)
    late = requests.get(url(), timeout=30)
    assert late.status_code == 403 and "<Code>AccessDenied</Code>" in late.text


def test_a_form_of_a_browser_puts_an_object(cloud, s3, bucket):
    signer = cloud.client("s3", signature_version="s3v4")

    def post(key="form/${filename}", conditions=None, fields=None, change=None, content=b"from a form"):
        made = signer.generate_presigned_post(bucket, key, Fields=fields, Conditions=conditions, ExpiresIn=60)
        made["fields"].update(change or {})
        return requests.post(made["url"], data=made["fields"], files={"file": ("a.txt", io.BytesIO(content))},
                             timeout=30)

    assert post().status_code == 204
    assert s3.get_object(Bucket=bucket, Key="form/a.txt")["Body"].read() == b"from a form"
    typed = post("typed", fields={"Content-Type": "text/x", "success_action_status": "201"},
                 conditions=[{"Content-Type": "text/x"}, {"success_action_status": "201"}])
    assert typed.status_code == 201 and "<Key>typed</Key>" in typed.text
    assert s3.head_object(Bucket=bucket, Key="typed")["ContentType"] == "text/x"
    small = post("k", conditions=[["content-length-range", 0, 3]])
    assert small.status_code == 400 and "EntityTooLarge" in small.text
    other = post("k", change={"key": "other"})
    assert other.status_code == 403 and "Invalid according to Policy" in other.text
    forged = post("k", change={"x-amz-signature": "0" * 64})
    assert forged.status_code == 403 and "SignatureDoesNotMatch" in forged.text


# --- Permissions

def test_a_policy_that_is_public_is_stopped_until_it_is_let(cloud, s3, bucket):
    put(s3, bucket, "k")
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values()) and len(block) == 4
    public = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}]})
    with aws_error("NoSuchBucketPolicy", 404, "The bucket policy does not exist"):
        s3.get_bucket_policy(Bucket=bucket)
    with aws_error("AccessDenied", 403, "public policies are prevented by the BlockPublicPolicy setting"):
        s3.put_bucket_policy(Bucket=bucket, Policy=public)
    url = f"{cloud.endpoint}/{bucket}/k"
    assert requests.get(url, timeout=30).status_code == 403
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicPolicy": False})
    s3.put_bucket_policy(Bucket=bucket, Policy=public)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"]
    assert requests.get(url, timeout=30).content == b"k"
    assert requests.put(url, data=b"x", timeout=30).status_code == 403
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    assert requests.get(url, timeout=30).status_code == 403
    s3.delete_public_access_block(Bucket=bucket)
    with aws_error("NoSuchPublicAccessBlockConfiguration", 404):
        s3.get_public_access_block(Bucket=bucket)
    with aws_error("MalformedPolicy", 400):
        s3.put_bucket_policy(Bucket=bucket, Policy='{"Statement": [{"Effect": "Maybe"}]}')
    s3.delete_bucket_policy(Bucket=bucket)
    assert requests.get(url, timeout=30).status_code == 403


def test_encryption_and_ownership_are_kept(s3, bucket):
    def algorithm():
        found = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
        return found["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]

    def owner():
        return s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"][0]["ObjectOwnership"]

    assert (algorithm(), owner()) == ("AES256", "BucketOwnerEnforced")
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": True}]})
    with not_implemented("aws:kms"):
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]})
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [
        {"ObjectOwnership": "BucketOwnerPreferred"}]})
    assert (algorithm(), owner()) == ("AES256", "BucketOwnerPreferred")
    s3.delete_bucket_encryption(Bucket=bucket)
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    assert algorithm() == "AES256"
    with aws_error("OwnershipControlsNotFoundError", 404):
        owner()


def test_pages_of_other_origins_are_answered_by_the_rules(cloud, s3, bucket):
    put(s3, bucket, "k")
    url = f"{cloud.endpoint}/{bucket}/k"
    ask = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT",
           "Access-Control-Request-Headers": "content-type"}
    assert "CORS is not enabled for this bucket" in requests.options(url, headers=ask, timeout=30).text
    with aws_error("NoSuchCORSConfiguration", 404):
        s3.get_bucket_cors(Bucket=bucket)
    rule = {"AllowedOrigins": ["https://*.example"], "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["content-*"],
            "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == [rule]
    answer = requests.options(url, headers=ask, timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type"
    assert answer.headers["Access-Control-Max-Age"] == "60"
    for change in ({"Origin": "https://other.org"}, {"Access-Control-Request-Method": "DELETE"},
                   {"Access-Control-Request-Headers": "x-secret"}):
        assert requests.options(url, headers={**ask, **change}, timeout=30).status_code == 403
    signed = cloud.client("s3", signature_version="s3v4").generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "k"})
    got = requests.get(signed, headers={"Origin": "https://app.example"}, timeout=30)
    assert got.headers["Access-Control-Expose-Headers"] == "ETag" and got.content == b"k"
    assert "Access-Control-Allow-Origin" not in requests.get(signed, timeout=30).headers
    with aws_error("InvalidRequest", 400, "Found unsupported HTTP method in CORS config. Unsupported method is PATCH"):
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [{**rule, "AllowedMethods": ["PATCH"]}]})
    s3.delete_bucket_cors(Bucket=bucket)
    assert requests.options(url, headers=ask, timeout=30).status_code == 403


# --- Expiry, on the turned clock

def test_objects_versions_and_uploads_expire(cloud, s3, bucket):
    with aws_error("NoSuchLifecycleConfiguration", 404):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put(s3, bucket, "old/k", "other")
    s3.put_object(Bucket=bucket, Key="tagged", Tagging="temporary=yes")
    s3.put_object(Bucket=bucket, Key="other", Body=b"2")
    s3.create_multipart_upload(Bucket=bucket, Key="upload")
    rules = [{"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Expiration": {"Days": 2}},
             {"ID": "b", "Status": "Enabled", "Filter": {"Tag": {"Key": "temporary", "Value": "yes"}},
              "Expiration": {"Days": 4}},
             {"ID": "c", "Status": "Enabled", "Filter": {"Prefix": ""},
              "NoncurrentVersionExpiration": {"NoncurrentDays": 6}, "Expiration": {"ExpiredObjectDeleteMarker": True},
              "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules

    def after(days):
        for _ in range(days):
            cloud.advance(DAY)
        found = s3.list_object_versions(Bucket=bucket)
        return keys(s3.list_objects_v2(Bucket=bucket)), len(found.get("Versions", []) + found.get("DeleteMarkers", []))

    assert after(1)[0] == ["old/k", "other", "tagged"]
    wait_until(lambda: after(0)[0] == ["old/k", "other", "tagged"], "nothing is old enough")
    wait_until(lambda: after(1)[0] == ["other", "tagged"], "old/k is gone")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    wait_until(lambda: after(1)[0] == ["other"], "the tagged one is gone")
    wait_until(lambda: after(1) == (["other"], 1), "only the current version is left")
    with not_implemented("PutBucketLifecycleConfiguration with Transition"):
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [
            {"Status": "Enabled", "Filter": {}, "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}]})
    with aws_error("InvalidRequest", 400, "At least one action needs to be specified in a rule"):
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [
            {"Status": "Enabled", "Filter": {}}]})
    s3.delete_bucket_lifecycle(Bucket=bucket)
    with aws_error("NoSuchLifecycleConfiguration", 404):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)


# --- Events

class Queue:
    def __init__(self, cloud, name, service=None, **condition):
        self.sqs = cloud.client("sqs")
        self.url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
        if service:
            statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage",
                         "Resource": self.arn, **condition}
            self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": json.dumps(
                {"Version": "2012-10-17", "Statement": [statement]})})

    def take(self, wait=2):
        for one in self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=wait).get("Messages", []):
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=one["ReceiptHandle"])
            return json.loads(one["Body"])
        return None


def test_a_queue_hears_of_what_the_filter_lets_through(cloud, s3, bucket):
    assert set(s3.get_bucket_notification_configuration(Bucket=bucket)) == {"ResponseMetadata"}
    closed = Queue(cloud, "unheard")
    queue = Queue(cloud, "heard", "s3.amazonaws.com",
                  Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
                             "StringEquals": {"aws:SourceAccount": ACCOUNT}})

    def configure(arn, **more):
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [
            {"Id": "mine", "QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"], "Filter": {
                "Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".txt"}]}}}],
            **more})

    with aws_error("InvalidArgument", 400, "Unable to validate the following destination configurations"):
        configure(closed.arn)
    configure(queue.arn)
    test = queue.take()
    assert (test["Event"], test["Service"], test["Bucket"]) == ("s3:TestEvent", "Amazon S3", bucket)
    kept = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"][0]
    assert kept["Id"] == "mine" and kept["QueueArn"] == queue.arn
    put(s3, bucket, "out/a.txt", "in/a.bin")
    put(s3, bucket, "in/ä b+c.txt")
    record, = queue.take()["Records"]
    etag = hashlib.md5("in/ä b+c.txt".encode()).hexdigest()
    assert record["eventName"] == "ObjectCreated:Put" and record["eventSource"] == "aws:s3"
    assert record["eventVersion"] == "2.1" and record["awsRegion"] == "us-east-1"
    assert record["s3"]["configurationId"] == "mine" and record["s3"]["bucket"]["arn"] == f"arn:aws:s3:::{bucket}"
    made = record["s3"]["object"]
    assert (made["key"], made["size"], made["eTag"]) == ("in/%C3%A4+b%2Bc.txt", 13, etag)
    s3.copy_object(Bucket=bucket, Key="in/copy.txt", CopySource={"Bucket": bucket, "Key": "in/a.bin"})
    assert queue.take()["Records"][0]["eventName"] == "ObjectCreated:Copy"
    s3.delete_object(Bucket=bucket, Key="in/copy.txt")
    removed, = queue.take()["Records"]
    assert removed["eventName"] == "ObjectRemoved:Delete" and set(removed["s3"]["object"]) == {"key", "sequencer"}
    s3.delete_object(Bucket=bucket, Key="in/none.txt")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    put(s3, bucket, "in/b.txt")
    assert queue.take(0) is None


def test_a_notification_configuration_keeps_the_rules(cloud, s3, bucket):
    queue = Queue(cloud, "ruled", "s3.amazonaws.com")

    def configure(*events, skip=False):
        s3.put_bucket_notification_configuration(
            Bucket=bucket, SkipDestinationValidation=skip, NotificationConfiguration={"QueueConfigurations": [
                {"QueueArn": queue.arn, "Events": [event]} for event in events]})

    with aws_error("InvalidArgument", 400, "Configuration is ambiguously defined."):
        configure("s3:ObjectCreated:*", "s3:ObjectCreated:Put")
    with aws_error("InvalidArgument", 400, "is not supported for notifications"):
        configure("s3:ObjectEaten:*")
    with not_implemented("s3:Replication:*"):
        configure("s3:Replication:*")
    configure("s3:ObjectCreated:*", "s3:ObjectRemoved:*", skip=True)
    assert queue.take(0) is None


def test_event_bridge_hears_of_everything(cloud, s3, bucket):
    events, queue = cloud.client("events"), Queue(cloud, "bridged", "events.amazonaws.com")
    events.put_rule(Name="of-s3", EventPattern=json.dumps({"source": ["aws.s3"], "detail": {
        "bucket": {"name": [bucket]}}}))
    events.put_targets(Rule="of-s3", Targets=[{"Id": "q", "Arn": queue.arn}])
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={
        "EventBridgeConfiguration": {}})
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["EventBridgeConfiguration"] == {}
    put(s3, bucket, "a b")
    event = queue.take()
    assert event["detail-type"] == "Object Created" and event["resources"] == [f"arn:aws:s3:::{bucket}"]
    detail = event["detail"]
    assert (detail["object"]["key"], detail["object"]["size"], detail["reason"]) == ("a b", 3, "PutObject")
    s3.delete_object(Bucket=bucket, Key="a b")
    gone = queue.take()
    assert gone["detail-type"] == "Object Deleted" and gone["detail"]["deletion-type"] == "Permanently Deleted"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put(s3, bucket, "k")
    assert queue.take()["detail"]["object"]["version-id"]
    s3.delete_object(Bucket=bucket, Key="k")
    assert queue.take()["detail"]["deletion-type"] == "Delete Marker Created"


# --- CloudFormation

CODE = """
def handler(event, headers):
    record = event["Records"][0]
    print("saw", record["eventName"], record["s3"]["object"]["key"])
    return {}
"""


def test_a_stack_makes_a_bucket_that_calls_a_function(cloud, s3):
    code = functions.upload(cloud, CODE)
    name = "stacked-bucket"

    def stack(**properties):
        return template({
            "Role": functions.role(),
            "Function": functions.function(code, FunctionName="of-bucket"),
            "Permission": {"Type": "AWS::Lambda::Permission", "Properties": {
                "FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunction",
                "Principal": "s3.amazonaws.com", "SourceArn": f"arn:aws:s3:::{name}", "SourceAccount": ACCOUNT}},
            "Bucket": {"Type": "AWS::S3::Bucket", "DependsOn": "Permission", "Properties": {
                "BucketName": name, "NotificationConfiguration": {"LambdaConfigurations": [{
                    "Event": "s3:ObjectCreated:*", "Function": {"Fn::GetAtt": ["Function", "Arn"]},
                    "Filter": {"S3Key": {"Rules": [{"Name": "suffix", "Value": ".jpg"}]}}}]},
                "CorsConfiguration": {"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]},
                "BucketEncryption": {"ServerSideEncryptionConfiguration": [{
                    "ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
                "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "BlockPublicPolicy": False},
                "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "ExpirationInDays": 7, "Prefix": "tmp/"}]},
                "Tags": [{"Key": "team", "Value": "blue"}], **properties}},
            "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {
                "Version": "2012-10-17", "Statement": [{
                    "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
                    "Resource": {"Fn::Sub": "${Bucket.Arn}/no/*"}}]}}},
        }, {"Arn": {"Fn::GetAtt": ["Bucket", "Arn"]}, "Domain": {"Fn::GetAtt": ["Bucket", "RegionalDomainName"]}})

    outputs = deploy(cloud, "bucket", stack())
    assert outputs == {"Arn": f"arn:aws:s3:::{name}", "Domain": f"{name}.s3.us-east-1.amazonaws.com"}
    with aws_error("AccessDenied", 403, "explicit deny in a resource-based policy"):
        put(s3, name, "no/a.jpg")
    put(s3, name, "a.txt", "a.jpg")
    logs = cloud.client("logs")

    def seen():
        groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/of-bucket")["logGroups"]
        return groups and logs.filter_log_events(logGroupName="/aws/lambda/of-bucket",
                                                 filterPattern='"saw"')["events"]

    lines = wait_until(seen, "the function saw the object")
    assert ["saw ObjectCreated:Put a.jpg"] == [one["message"].strip() for one in lines]
    block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert block["BlockPublicAcls"] and not block["BlockPublicPolicy"] and not block["RestrictPublicBuckets"]
    rule = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]
    assert rule["Expiration"]["Days"] == 7
    assert {"Key": "team", "Value": "blue"} in s3.get_bucket_tagging(Bucket=name)["TagSet"]
    deploy(cloud, "bucket", stack(VersioningConfiguration={"Status": "Enabled"},
                                  CorsConfiguration={"Ref": "AWS::NoValue"}), "UPDATE")
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    with aws_error("NoSuchCORSConfiguration", 404):
        s3.get_bucket_cors(Bucket=name)
    client = cloud.client("cloudformation")
    client.delete_stack(StackName="bucket")
    with pytest.raises(Exception):
        client.get_waiter("stack_delete_complete").wait(StackName="bucket", WaiterConfig=OFTEN)
    reasons = [event.get("ResourceStatusReason", "") for event in cloud.stack_events("bucket")]
    assert any("The bucket you tried to delete is not empty" in reason for reason in reasons), reasons


@pytest.mark.parametrize("property, reason", [
    ({"NotificationConfiguration": {"QueueConfigurations": [
        {"Event": "s3:ObjectCreated:*", "Queue": f"arn:aws:sqs:us-east-1:{ACCOUNT}:nobody"}]}},
     "Unable to validate the following destination configurations"),
    ({"LoggingConfiguration": {"DestinationBucketName": "logs"}}, "LoggingConfiguration"),
    ({"AccessControl": "PublicRead"}, "AccessControl PublicRead"),
    ({"VersioningConfiguration": {"Status": "Enabled", "Other": 1}}, "VersioningConfiguration.Other"),
    ({"LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "Transitions": []}]}}, "Transitions"),
])
def test_a_bucket_with_what_is_not_there_fails_the_stack(cloud, s3, property, reason):
    name = "bucket-" + hashlib.md5(reason.encode()).hexdigest()[:8]
    with pytest.raises(AssertionError, match=reason):
        deploy(cloud, name, template({"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {
            "BucketName": name, **property}}}))
    with aws_error("404", 404):
        s3.head_bucket(Bucket=name)
