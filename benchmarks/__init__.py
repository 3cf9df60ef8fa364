"""How fast is it, and compared with what: `python -m benchmarks`, explained in `README.md`.

`designs.py` names the servers that are compared (`bare.py`, `naive.py` and the gateway itself) and starts
them, on `databases.py`, under the load of `load.py`. `intake.py`, `dispatch.py`, `memory.py` and `start.py`
each measure one thing; `machine.py` says on what.
"""
