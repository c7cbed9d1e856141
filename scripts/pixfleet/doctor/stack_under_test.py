"""The stack that is checked, with the answers that several checks need, each read once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.ssm_parameter import Stack

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef


@dataclass
class StackUnderTest:
    """A stack, its clients, and what they have read."""

    stack: Stack
    clients: AwsClients
    _attributes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _functions: "dict[str, FunctionConfigurationResponseTypeDef]" = field(default_factory=dict)

    @cached_property
    def account(self) -> str:
        """Return the account id, or `*` if STS does not return it."""
        try:
            return self.clients.sts.get_caller_identity()["Account"]
        except ClientError:
            return "*"

    @cached_property
    def function(self) -> "FunctionConfigurationResponseTypeDef":
        """Return the configuration of the worker's function behind its alias."""
        stack = self.stack
        return self.clients.functions.get_function_configuration(
            FunctionName=stack.function, Qualifier=stack.function_alias or "$LATEST"
        )

    def function_of(self, lane: str) -> "FunctionConfigurationResponseTypeDef":
        """Return the configuration of the function that works off a lane, behind its alias."""
        size = self.stack.size_of(lane)
        if size is None:
            return self.function
        if size.function not in self._functions:
            self._functions[size.function] = self.clients.functions.get_function_configuration(
                FunctionName=size.function, Qualifier=size.function_alias
            )
        return self._functions[size.function]

    def arn(self, service: str, name: str) -> str:
        """Return the ARN of a service's resource in the stack's region."""
        region = self.stack.region
        partition = self.clients.session.get_partition_for_region(region)
        if service == "s3":
            return f"arn:{partition}:s3:::{name}"
        where = "" if service == "cloudfront" else region
        return f"arn:{partition}:{service}:{where}:{self.account}:{name}"

    def queue(self, name: str) -> Mapping[str, str]:
        """Return all attributes of a queue."""
        if name not in self._attributes:
            sqs = self.clients.sqs
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
            self._attributes[name] = {str(k): v for k, v in answer["Attributes"].items()}
        return self._attributes[name]
