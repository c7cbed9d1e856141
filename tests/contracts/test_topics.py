"""SNS, as far as the completion events need it."""

from tests.contracts.engines import Engine
from tests.contracts.refused import refused


def test_a_published_message_gets_an_id(engine: Engine) -> None:
    topic = engine.sns.create_topic(Name="completed")["TopicArn"]

    answer = engine.sns.publish(
        TopicArn=topic,
        Message="{}",
        MessageAttributes={"outcome": {"DataType": "String", "StringValue": "published"}},
    )

    assert answer["MessageId"]


def test_a_missing_topic_is_refused(engine: Engine) -> None:
    existing = engine.sns.create_topic(Name="completed")["TopicArn"]

    with refused("NotFound", 404):
        engine.sns.publish(TopicArn=f"{existing}-never-made", Message="{}")


def test_a_message_may_not_be_empty(engine: Engine) -> None:
    topic = engine.sns.create_topic(Name="completed")["TopicArn"]

    with refused("InvalidParameter", 400):
        engine.sns.publish(TopicArn=topic, Message="")


def test_a_message_has_at_most_256_kibibytes(engine: Engine) -> None:
    topic = engine.sns.create_topic(Name="completed")["TopicArn"]
    engine.sns.publish(TopicArn=topic, Message="x" * 262_144)

    with refused("InvalidParameter", 400):
        engine.sns.publish(TopicArn=topic, Message="x" * 262_145)
