"""What S3 refuses, whom it lets in, and the corners of its parameters, driven by boto3 and by bare HTTP."""

import base64
import hashlib
import io
import json
import zlib
from datetime import datetime, timezone

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import pytest
import requests

from harness.errors import aws_error, not_implemented

ACCOUNT = "123456789012"
DAY = 24 * 3_600_000


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


def allow(action, resource, **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def as_role(cloud, name, *statements):
    """S3 as a role that may do no more than the statements."""
    iam = cloud.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}]}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": list(statements)}))
    keys = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return boto3.client("s3", endpoint_url=cloud.endpoint, region_name=cloud.region,
                        aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                        aws_session_token=keys["SessionToken"],
                        config=botocore.config.Config(s3={"addressing_style": "path"}, proxies={}))


def signed(cloud, method, path, body=b"", **headers):
    """A request that boto3 would not make."""
    request = botocore.awsrequest.AWSRequest(method, cloud.endpoint + path, data=body, headers=headers)
    keys = botocore.credentials.Credentials(cloud.ready["accessKeyId"], cloud.ready["secretAccessKey"])
    botocore.auth.S3SigV4Auth(keys, "s3", cloud.region).add_auth(request)
    return requests.request(method, cloud.endpoint + path, data=body, headers=dict(request.headers), timeout=30)


# --- Keys and what is not here

def test_keys_may_be_anything_but_broken_text(cloud, s3, bucket):
    odd = ["../up", "./a", "a//b", "/lead", "tail/", "a+b c", "%41", "\u00e4\U0001f600", "a&<b>'\"", "?versionId=x", "a;b=c"]
    put(s3, bucket, *odd)
    assert sorted(one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]) == sorted(odd)
    for key in odd:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
        s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
        assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == key.encode()
    broken = signed(cloud, "PUT", f"/{bucket}/%FFx", b"x")
    assert broken.status_code == 400 and "InvalidURI" in broken.text
    for text in ("&#0;", "&#xD800;"):
        body = f"<Delete><Object><Key>{text}</Key></Object></Delete>".encode()
        refused = signed(cloud, "POST", f"/{bucket}?delete", body,
                         **{"Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode()})
        assert refused.status_code == 400 and "MalformedXML" in refused.text


def test_no_subresource_is_taken_for_the_bucket_itself(cloud, s3, bucket):
    for subresource in ("abac", "metadataConfiguration", "metadataTable", "metadataInventoryTable", "accelerate",
                        "logging", "website", "replication"):
        for method in ("GET", "PUT", "DELETE", "POST"):
            assert signed(cloud, method, f"/{bucket}?{subresource}").status_code == 501, (method, subresource)
    assert signed(cloud, "PUT", f"/{bucket}/k?annotation", b"x").status_code == 501


def test_an_empty_version_id_is_no_version(cloud, s3, bucket):
    put(s3, bucket, "k")
    for method in ("GET", "DELETE"):
        refused = signed(cloud, method, f"/{bucket}/k?versionId=")
        assert refused.status_code == 400 and "Version id cannot be the empty string" in refused.text
    with aws_error("InvalidArgument", 400, "without a key marker"):
        s3.list_object_versions(Bucket=bucket, VersionIdMarker="x")
    with aws_error("InvalidArgument", 400, "continuation token"):
        s3.list_objects_v2(Bucket=bucket, ContinuationToken="")


# --- Buckets

def test_a_bucket_is_made_with_what_it_is_given(s3):
    made = s3.create_bucket(Bucket="made-with", ObjectOwnership="BucketOwnerPreferred",
                            CreateBucketConfiguration={"Tags": [{"Key": "a", "Value": "b"}]})
    assert made["BucketArn"] == "arn:aws:s3:::made-with"
    assert s3.get_bucket_tagging(Bucket="made-with")["TagSet"] == [{"Key": "a", "Value": "b"}]
    rules = s3.get_bucket_ownership_controls(Bucket="made-with")["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerPreferred"}]
    with aws_error("InvalidBucketAclWithObjectOwnership", 400):
        s3.create_bucket(Bucket="made-with-grant", GrantRead='uri="http://acs.amazonaws.com/groups/global/AllUsers"')
    with aws_error("InvalidTag", 400):
        s3.create_bucket(Bucket="made-wrong", CreateBucketConfiguration={"Tags": [{"Key": "aws:a", "Value": ""}]})
    with aws_error("404", 404):
        s3.head_bucket(Bucket="made-wrong")
    for name in ("xn--bucket", "bucket-s3alias", "bucket.mrap"):
        with aws_error("InvalidBucketName", 400):
            s3.create_bucket(Bucket=name)


def test_buckets_come_in_pages(s3):
    names = [f"page-{n}" for n in range(5)]
    for name in names:
        s3.create_bucket(Bucket=name)
    first = s3.list_buckets(Prefix="page-", MaxBuckets=3)
    assert [one["Name"] for one in first["Buckets"]] == names[:3] and first["Buckets"][0]["BucketRegion"] == "us-east-1"
    rest = s3.list_buckets(Prefix="page-", ContinuationToken=first["ContinuationToken"])
    assert [one["Name"] for one in rest["Buckets"]] == names[3:] and "ContinuationToken" not in rest
    assert s3.list_buckets(BucketRegion="eu-west-1")["Buckets"] == []


# --- Conditions and checksums

def test_every_write_keeps_its_conditions(s3, bucket):
    put(s3, bucket, "k", "from")
    etag = s3.head_object(Bucket=bucket, Key="k")["ETag"]
    source = {"Bucket": bucket, "Key": "from"}
    for wrong in ({"IfNoneMatch": "*"}, {"IfMatch": '"other"'}):
        with aws_error("PreconditionFailed", 412):
            s3.copy_object(Bucket=bucket, Key="k", CopySource=source, **wrong)
        upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
        which = {"Bucket": bucket, "Key": "k", "UploadId": upload}
        part = s3.upload_part(**which, PartNumber=1, Body=b"x")
        parts = [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]}]
        with aws_error("PreconditionFailed", 412):
            s3.complete_multipart_upload(**which, MultipartUpload={"Parts": parts}, **wrong)
        with aws_error("PreconditionFailed" if "IfMatch" in wrong else "NotImplemented", 412 if "IfMatch" in wrong else 501):
            s3.put_object(Bucket=bucket, Key="k", **(wrong if "IfMatch" in wrong else {"IfNoneMatch": etag}))
    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", "ETag": '"other"'}, {"Key": "from"}]})
    assert [one["Code"] for one in done["Errors"]] == ["PreconditionFailed"]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["k"]
    with not_implemented("Size"):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", "Size": 1}]})


def test_a_checksum_is_never_ignored(cloud, s3, bucket):
    crc = base64.b64encode(zlib.crc32(b"x").to_bytes(4, "big")).decode()
    sha = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
    two = signed(cloud, "PUT", f"/{bucket}/k", b"x", **{"x-amz-checksum-crc32": crc, "x-amz-checksum-sha256": sha})
    assert two.status_code == 400 and "Multiple checksum Types are not allowed" in two.text
    other = signed(cloud, "PUT", f"/{bucket}/k", b"x", **{"x-amz-checksum-sha512": "AAAA"})
    assert other.status_code == 501 and "x-amz-checksum-sha512" in other.text
    absent = signed(cloud, "PUT", f"/{bucket}/k", b"1\r\nx\r\n0\r\n\r\n",
                    **{"x-amz-trailer": "x-amz-checksum-crc32", "Content-Encoding": "aws-chunked"})
    assert absent.status_code == 400 and "MalformedTrailerError" in absent.text
    bare = signed(cloud, "POST", f"/{bucket}?delete", b"<Delete><Object><Key>k</Key></Object></Delete>")
    assert bare.status_code == 400 and "Missing required header for this request" in bare.text

    for algorithm, kind in (("SHA256", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")):
        with aws_error("InvalidRequest", 400, f"The {kind} checksum type cannot be used"):
            s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm=algorithm, ChecksumType=kind)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="SHA256")["UploadId"]
    with aws_error("InvalidRequest", 400, "expected checksum Type: sha256, actual checksum Type: crc32"):
        s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x")


def test_ranges_are_read_as_written(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    for ignored in ("bytes=a-5", "bytes=2-b", "bytes=5-2", "bytes=-", "bytes=1-2,4-5", "lines=1-2"):
        assert s3.get_object(Bucket=bucket, Key="k", Range=ignored)["Body"].read() == b"0123456789", ignored
    assert s3.get_object(Bucket=bucket, Key="k", Range=f"bytes=8-{'9' * 30}")["Body"].read() == b"89"
    for beyond in ("bytes=10-", f"bytes={'9' * 30}-", "bytes=-0"):
        with aws_error("InvalidRange", 416):
            s3.get_object(Bucket=bucket, Key="k", Range=beyond)
    with aws_error("InvalidRequest", 400, "Cannot specify both"):
        s3.get_object(Bucket=bucket, Key="k", Range="bytes=0-1", PartNumber=1)
    assert s3.get_object(Bucket=bucket, Key="empty", PartNumber=1)["ContentLength"] == 0

    upload = s3.create_multipart_upload(Bucket=bucket, Key="copy", ChecksumAlgorithm="CRC32")["UploadId"]
    part = {"Bucket": bucket, "Key": "copy", "UploadId": upload, "PartNumber": 1,
            "CopySource": {"Bucket": bucket, "Key": "k"}}
    for wrong in ("bytes=2-", "bytes=-2", "2-3", "bytes=a-b"):
        with aws_error("InvalidArgument", 400, "must be of the form bytes=first-last"):
            s3.upload_part_copy(**part, CopySourceRange=wrong)
    for wrong in ("bytes=5-10", "bytes=20-30"):
        with aws_error("InvalidArgument", 400, "Range specified is not valid for source object of size: 10"):
            s3.upload_part_copy(**part, CopySourceRange=wrong)
    done = s3.upload_part_copy(**part, CopySourceRange="bytes=2-4")["CopyPartResult"]
    assert done["ETag"] == f'"{hashlib.md5(b"234").hexdigest()}"' and "ChecksumCRC32" in done


def test_uploads_are_listed_with_encoded_keys(cloud, s3, bucket):
    s3.create_multipart_upload(Bucket=bucket, Key="a b+\u00e4")
    listed = s3.list_multipart_uploads(Bucket=bucket, EncodingType="url")
    assert listed["EncodingType"] == "url" and listed["Uploads"][0]["Key"] == "a%20b%2B%C3%A4"
    upload = listed["Uploads"][0]["UploadId"]
    for wrong in ("max-parts=x", "part-number-marker=-1"):
        refused = signed(cloud, "GET", f"/{bucket}/a%20b%2B%C3%A4?uploadId={upload}&{wrong}")
        assert refused.status_code == 400 and "InvalidArgument" in refused.text, refused.text


# --- Permissions

def test_tags_need_their_own_permissions(cloud, s3, bucket):
    objects = f"arn:aws:s3:::{bucket}/*"
    put(s3, bucket, "tagged", Tagging="a=b")
    may = as_role(cloud, "tag-less", allow(["s3:PutObject", "s3:GetObject"], objects))
    for call in (lambda: may.put_object(Bucket=bucket, Key="k", Tagging="a=b"),
                 lambda: may.create_multipart_upload(Bucket=bucket, Key="k", Tagging="a=b"),
                 lambda: may.copy_object(Bucket=bucket, Key="k", CopySource=f"{bucket}/tagged", Tagging="c=d",
                                         TaggingDirective="REPLACE")):
        with aws_error("AccessDenied", 403, "s3:PutObjectTagging"):
            call()
    with aws_error("AccessDenied", 403, "s3:GetObjectTagging"):
        may.copy_object(Bucket=bucket, Key="k", CopySource=f"{bucket}/tagged")
    with aws_error("InvalidArgument", 400, "Unknown metadata directive"):
        s3.copy_object(Bucket=bucket, Key="k", CopySource=f"{bucket}/tagged", MetadataDirective="OTHER")
    with aws_error("AccessDenied", 403):
        s3.copy_object(Bucket=bucket, Key="k", CopySource=f"{bucket}/tagged", ExpectedSourceBucketOwner="999999999999")


def test_a_version_has_its_own_actions_and_tags(cloud, s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket=bucket, Key="k", Tagging="kind=open")["VersionId"]
    new = s3.put_object(Bucket=bucket, Key="k", Tagging="kind=closed")["VersionId"]
    objects = f"arn:aws:s3:::{bucket}/*"
    tag = {"StringEquals": {"s3:ExistingObjectTag/kind": "open"}}
    may = as_role(cloud, "versions", allow("s3:GetObjectVersion", objects, Condition=tag),
                  allow("s3:DeleteObjectVersionTagging", objects),
                  allow("s3:DeleteObjectVersion", objects, Condition={"StringEquals": {"s3:VersionId": new}}))
    may.get_object(Bucket=bucket, Key="k", VersionId=old)
    with aws_error("AccessDenied", 403, "s3:GetObjectVersion"):
        may.get_object(Bucket=bucket, Key="k", VersionId=new)
    may.delete_object_tagging(Bucket=bucket, Key="k", VersionId=old)
    with aws_error("AccessDenied", 403, "s3:DeleteObjectTagging"):
        may.delete_object_tagging(Bucket=bucket, Key="k")
    done = may.delete_objects(Bucket=bucket, Delete={"Objects": [
        {"Key": "k", "VersionId": old}, {"Key": "k", "VersionId": new}]})
    assert [one["VersionId"] for one in done["Deleted"]] == [new] and len(done["Errors"]) == 1


def test_a_policy_may_want_conditional_writes(cloud, s3, bucket):
    may = as_role(cloud, "careful", allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*",
                                          Condition={"Null": {"s3:if-none-match": "false"}}))
    may.put_object(Bucket=bucket, Key="k", IfNoneMatch="*")
    with aws_error("AccessDenied", 403):
        may.put_object(Bucket=bucket, Key="other")


def test_everyone_has_what_a_narrow_policy_gives(cloud, s3, bucket):
    put(s3, bucket, "open/a", "k")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}",
                 "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}, "StringEquals": {"s3:prefix": "open/"}}}
    read = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/open/*",
            "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement, read]}))
    url = f"{cloud.endpoint}/{bucket}"
    assert requests.get(f"{url}?list-type=2&prefix=open/", timeout=30).status_code == 200
    assert requests.get(f"{url}?list-type=2", timeout=30).status_code == 403
    assert requests.get(f"{url}/open/a", timeout=30).content == b"open/a"
    overridden = requests.get(f"{url}/open/a?response-content-type=text/html", timeout=30)
    assert overridden.status_code == 400 and "anonymous GET requests" in overridden.text


def test_a_presigned_url_gives_no_more_than_it_says(cloud, s3, bucket):
    put(s3, bucket, "secret")
    signer = cloud.client("s3", signature_version="s3v4")
    url = signer.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})
    for header in ({"x-amz-copy-source": f"{bucket}/secret"}, {"x-amz-meta-a": "b"}, {"x-amz-tagging": "a=b"}):
        refused = requests.put(url, headers=header, timeout=30)
        assert refused.status_code == 403 and "headers present in the request which were not signed" in refused.text
    assert requests.put(url, data=b"x", timeout=30).status_code == 200
    for tampered in (url.replace("/k?", "/other?"), url + "&versionId=1", url.replace("Expires=3600", "Expires=36000")):
        assert requests.put(tampered, data=b"x", timeout=30).status_code == 403
    split = signer.generate_presigned_url("get_object", Params={
        "Bucket": bucket, "Key": "k", "ResponseContentType": "text/plain\r\nX-Evil: 1"})
    assert requests.get(split, timeout=30).status_code == 400


# --- Forms

def test_a_form_has_no_field_that_its_policy_does_not_name(cloud, s3, bucket):
    signer = cloud.client("s3", signature_version="s3v4")

    def post(more=None, fields=None, conditions=None):
        made = signer.generate_presigned_post(bucket, "form", Fields=fields, Conditions=conditions)
        return requests.post(made["url"], data={**made["fields"], **(more or {})}, timeout=30, allow_redirects=False,
                             files={"file": ("a", io.BytesIO(b"x"))})

    extra = post({"x-amz-meta-a": "b"})
    assert extra.status_code == 403 and "Extra input fields: x-amz-meta-a" in extra.text
    assert post({"x-ignore-me": "b"}).status_code == 204
    tagging = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
    there = {"tagging": tagging, "success_action_redirect": "http://there/"}
    sent = post(fields=there, conditions=[{name: value} for name, value in there.items()])
    assert sent.status_code == 303
    assert sent.headers["Location"].startswith(f"http://there/?bucket={bucket}&key=form&etag=%22")
    assert s3.get_object_tagging(Bucket=bucket, Key="form")["TagSet"] == [{"Key": "a", "Value": "b"}]
    broken = {"x-amz-meta-a": "b\r\nX-Evil: 1"}
    assert post(fields=broken, conditions=[broken]).status_code == 400


# --- Expiry

def test_lifecycle_rules_are_whole(s3, bucket):
    def rule(**more):
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={
            "Rules": [{"Status": "Enabled", "Filter": {"Prefix": ""}, **more}]})

    tag = {"Tag": {"Key": "a", "Value": "b"}}
    with aws_error("InvalidRequest", 400, "AbortIncompleteMultipartUpload cannot be specified with Tags."):
        rule(Filter=tag, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1})
    with aws_error("MalformedXML", 400):
        rule(Filter={"Prefix": "a", **tag}, Expiration={"Days": 1})
    with aws_error("MalformedXML", 400):
        rule(Expiration={"Date": datetime(9000, 1, 1, tzinfo=timezone.utc)})
    rule(Expiration={"Days": 2_147_483_647})
    rule(Filter={"ObjectSizeGreaterThan": 5_000_000_000}, Expiration={"Days": 1})
    kept = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]
    assert kept["ID"] and kept["Filter"] == {"ObjectSizeGreaterThan": 5_000_000_000}


def test_an_age_removes_lone_markers_and_a_bucket_made_again_has_no_rules(cloud, s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.delete_object(Bucket=bucket, Key="never")
    rules = {"Rules": [{"Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=rules)
    again = bucket[:40] + "-again"
    s3.create_bucket(Bucket=again)
    s3.put_bucket_lifecycle_configuration(Bucket=again, LifecycleConfiguration=rules)
    s3.delete_bucket(Bucket=again)
    s3.create_bucket(Bucket=again)
    put(s3, again, "stays")
    cloud.advance(3 * DAY)
    assert "DeleteMarkers" not in s3.list_object_versions(Bucket=bucket)
    assert s3.get_object(Bucket=again, Key="stays")["Body"].read() == b"stays"
