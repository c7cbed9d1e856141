"""The worker: processes SQS messages, and the images whose keys they name."""
