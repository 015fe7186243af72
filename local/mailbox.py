"""The mails that a stack sends.

A mail subscription cannot be confirmed locally. Instead a queue is subscribed to the topic. What it receives is what the
mail would have been: subject, body and the message's attributes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from local.aws import Aws


@dataclass(frozen=True)
class Mail:
    """One published message."""

    subject: str
    body: str
    attributes: dict[str, str] = field(default_factory=dict)
    topic_arn: str = ""


class Mailbox:
    """All messages published to one topic since `open`."""

    def __init__(self, aws: Aws, topic_arn: str) -> None:
        self._sqs = aws.client("sqs")
        self._sns = aws.client("sns")
        self.topic_arn = topic_arn
        self._queue = ""
        self._mails: list[Mail] = []

    def open(self) -> Mailbox:
        """Subscribes the queue. A second call does no harm."""
        name = self.topic_arn.rsplit(":", 1)[1] + "-mailbox"
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        queue_arn = attributes["Attributes"]["QueueArn"]
        self._sns.subscribe(TopicArn=self.topic_arn, Protocol="sqs", Endpoint=queue_arn)
        return self

    def mails(self) -> list[Mail]:
        """Returns all mails so far, in the order in which they were sent."""
        while True:
            received = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=0)
            messages = received.get("Messages", [])
            if not messages:
                return list(self._mails)
            for message in messages:
                self._mails.append(_mail(json.loads(message["Body"])))
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])

    def clear(self) -> None:
        """Forgets the mails so far."""
        self.mails()
        self._mails.clear()


def _mail(notification: dict[str, Any]) -> Mail:
    attributes = {
        name: attribute["Value"] for name, attribute in (notification.get("MessageAttributes") or {}).items()
    }
    return Mail(notification.get("Subject", ""), notification["Message"], attributes, notification.get("TopicArn", ""))
