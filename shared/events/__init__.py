"""Parses the messages that S3, EventBridge, SNS, SQS and backfills send, into hints."""
