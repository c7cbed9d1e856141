"""Permissions that no call of a test needs, each with the reason why the role has it.

A permission that no test needs and that is not listed here fails the run (see `usage.py`).
"""

from collections.abc import Mapping

from tests.support.iam.recorder import (
    API,
    PURGE,
    READER,
    REDRIVER,
    RENDERER,
    WORKER,
    Permission,
)

POLLERS = "Lambda's pollers read the queue's attributes with the function's role."
RECEIVES = "Lambda's pollers receive and delete messages with the function's role."
LOGS = "Lambda writes what a function prints; no code of ours calls CloudWatch Logs."

EDGE = "`doctor` reads the code of the edge; moto has no GetFunction, so unit tests have a fake."
OF_RENDERERS = "`doctor` looks at the renderer's URL and policy, of which unit tests have a fake."

UNVERSIONED = (
    "An existing sources bucket may have no versions; a drill then deletes its files without one. "
    "The bucket of the tests has versions."
)

UNNEEDED: Mapping[Permission, str] = {
    (REDRIVER, "RemoveSourcesOfDrills", "s3:DeleteObject"): UNVERSIONED,
    **{
        (READER, "InspectRenderer", f"lambda:Get{each}"): OF_RENDERERS
        for each in ("FunctionConcurrency", "FunctionConfiguration", "FunctionUrlConfig", "Policy")
    },
    (READER, "InspectEdgeFunctions", "cloudfront:GetFunction"): EDGE,
    (API, "WriteOwnLogs", "logs:CreateLogStream"): LOGS,
    (API, "WriteOwnLogs", "logs:PutLogEvents"): LOGS,
    (PURGE, "WorkOffPurges", "sqs:DeleteMessage"): RECEIVES,
    (PURGE, "WorkOffPurges", "sqs:ReceiveMessage"): RECEIVES,
    (PURGE, "WriteOwnLogs", "logs:CreateLogStream"): LOGS,
    (PURGE, "WriteOwnLogs", "logs:PutLogEvents"): LOGS,
    (RENDERER, "WriteOwnLogs", "logs:CreateLogStream"): LOGS,
    (RENDERER, "WriteOwnLogs", "logs:PutLogEvents"): LOGS,
    (WORKER, "WorkOffLanes", "sqs:GetQueueAttributes"): POLLERS,
    (WORKER, "WriteOwnLogs", "logs:CreateLogStream"): LOGS,
    (WORKER, "WriteOwnLogs", "logs:PutLogEvents"): LOGS,
}
