"""The renderer: makes objects of the variants bucket when somebody asks for them."""
