"""Pictures, fakes and cases that the tests of several tiers share."""
