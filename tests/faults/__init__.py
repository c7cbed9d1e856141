"""The worker against everything that S3, SQS, Lambda and DynamoDB do to it."""
