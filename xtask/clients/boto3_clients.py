"""boto3's clients of the services, and what every script that uses them needs."""

import time

import boto3
import botocore

from checks import check, equal

# The waiters' own pauses are for AWS's own time.
OFTEN = {"Delay": 1, "MaxAttempts": 60}
TAGS = [{"Key": "stack", "Value": "clients"}, {"Key": "Name", "Value": "a & b <c>"}]

acm = boto3.client("acm")
ec2 = boto3.client("ec2")
efs = boto3.client("efs")
elb = boto3.client("elbv2")
cloudfront = boto3.client("cloudfront")
route53 = boto3.client("route53")
sts = boto3.client("sts")


def refused(what, code, call, *, status=400):
    """Whether the call is refused with this code, this HTTP status and a message."""
    try:
        answer = call()
    except botocore.exceptions.ClientError as error:
        seen = error.response["Error"]
        http = error.response["ResponseMetadata"]["HTTPStatusCode"]
        right = (seen["Code"], http) == (code, status) and seen["Message"]
        check(f"{what} is refused with {code}", right, f"{http}: {seen}")
        return error.response
    check(f"{what} is refused with {code}", False, f"it was not refused: {answer}")


def tags_of(pairs):
    return {pair["Key"]: pair["Value"] for pair in pairs}


def tag_specification(kind):
    return [{"ResourceType": kind, "Tags": TAGS}]


def until(expected, look, looks=200):
    """EFS has no waiters, and neither have some ends."""
    for _ in range(looks):
        seen = look()
        if seen == expected:
            break
        time.sleep(0.1)
    equal(f"{look.__name__} comes to {expected}", seen, expected)
