"""The soak test: thousands of images, two runners, one of which is killed every few seconds.

`python -m tests.soak.run` runs it. `plan` has the actions on sources, `runners` the processes,
`read_state` and `check` the comparison of all that is stored with the sources at the end.
"""
