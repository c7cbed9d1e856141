"""The domain model: values and pure functions. Standard library only, no input or output."""
