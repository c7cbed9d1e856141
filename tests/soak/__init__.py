"""The soak: thousands of images, two runners, one of them killed over and over, then a count.

`python -m tests.soak.run` runs it; `plan` says what is dropped, `runners` who is killed, `look`
and `verdict` what is true at the end.
"""
