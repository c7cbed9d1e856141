"""What recipes mean before anybody deploys them: explained, as a schema, tried on real sources."""
