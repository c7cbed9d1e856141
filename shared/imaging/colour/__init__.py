"""ICC colour profiles: recognises sRGB, and makes profiles from colour numbers."""
