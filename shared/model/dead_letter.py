"""The attributes that a worker attaches to a dead letter, and that survive a redrive."""

# `dlq status` finds the messages of a redrive that failed again by this id.
REDRIVE_ID = "redrive_id"
# Attributes count against SQS's message size: a body near the limit leaves room for these only.
LEAST = ("cause", "stage", REDRIVE_ID)
