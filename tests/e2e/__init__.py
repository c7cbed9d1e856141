"""The whole fleet against MiniStack, through a real queue."""
