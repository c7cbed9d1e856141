"""`make release`: one version number, one changelog section, one tag."""
