"""The engine as an HTTP service: a torch-free server process, and a worker process that computes.

`server` binds and runs, `app` has the routes, `gate` guards them, `job_runner` feeds the worker, `worker` is its main.
"""
