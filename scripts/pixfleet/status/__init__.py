"""`pixfleet status`: reads queues, ledger, alarms and metrics, and reports what needs a person."""
