"""Decodes, resizes and encodes images, in render child processes without credentials.

`render` has the steps in their order: `intake` refuses, `load` decodes what `metadata` leaves of a
file and asks `damage` whether pixels are missing, `cascade` and `crop` make the rungs, `encoding`
fills their slots. `formats`, `colour`, `animation` and `native` serve these steps. The modules
from `child` to `child_protocol`, `render_pool` and `reply_checks` run them in a process of their
own, which `sandbox` locks in.
"""
