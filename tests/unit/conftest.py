"""How hypothesis searches in this tier."""

from hypothesis import settings

# A shared core makes any example slow now and then; pytest's own timeout catches what hangs.
settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
