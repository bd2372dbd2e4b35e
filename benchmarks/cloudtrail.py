"""Makes a CloudTrail log of any length, like real ones: calls with session keys, roles assumed, calls refused."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

from benchmarks.stage import UNTIL

CALLS = (("GetObject", "s3"), ("DescribeInstances", "ec2"), ("GetSecretValue", "secretsmanager"), ("PutObject", "s3"),
         ("ListRoles", "iam"), ("Decrypt", "kms"))  # fmt: skip
ACCOUNT = "123456789012"


def records(count: int) -> Iterator[dict[str, Any]]:
    """The same records for the same count, all within the twenty days before the benchmarks' date."""
    random = Random(1)
    for number in range(count):
        time = UNTIL - timedelta(days=20) + timedelta(seconds=number * 20 * 86_400 // count)
        role, key = f"role-{number % 40}", f"ASIA{number % 900:016d}"
        name, service = ("AssumeRole", "sts") if number % 20 == 0 else CALLS[number % len(CALLS)]
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session-{number % 900}"
        record = {
            "eventVersion": "1.11", "eventID": f"{number:08x}-0000-4000-8000-{random.getrandbits(48):012x}",
            "eventTime": f"{time:%Y-%m-%dT%H:%M:%SZ}", "eventName": name, "eventSource": f"{service}.amazonaws.com",
            "eventType": "AwsApiCall", "eventCategory": "Management", "managementEvent": True, "readOnly": True,
            "awsRegion": "eu-central-1", "recipientAccountId": ACCOUNT, "requestID": f"{random.getrandbits(96):024x}",
            "sourceIPAddress": f"198.51.100.{number % 250 + 1}", "userAgent": f"Boto3/1.40.{number % 9} Python/3.11",
            "userIdentity": {
                "type": "AssumedRole", "accountId": ACCOUNT, "arn": session, "accessKeyId": key,
                "principalId": f"AROA{number % 40:016d}:session-{number % 900}",
                "sessionContext": {
                    "sessionIssuer": {"type": "Role", "userName": role, "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}"},
                    "attributes": {"creationDate": f"{time:%Y-%m-%dT00:00:00Z}", "mfaAuthenticated": "false"},
                },
            },
            "requestParameters": {"bucketName": f"bucket-{number % 300}", "key": f"reports/{number}.parquet"},
            "responseElements": None,
            "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
        }  # fmt: skip
        if name == "AssumeRole":
            record["requestParameters"] = {
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
                "roleSessionName": f"s-{number}",
            }
            record["responseElements"] = {
                "credentials": {"accessKeyId": f"ASIA{number:016d}", "expiration": "Nov 24, 2026, 12:00:00 AM"},
                "assumedRoleUser": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/s-{number}"},
            }
        elif number % 25 == 0:
            record |= {"errorCode": "AccessDenied", "errorMessage": f"{session} may not {name}"}
        yield record
