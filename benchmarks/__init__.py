"""How fast is it, and compared with what: `python -m benchmarks`, explained in `README.md`.

`designs.py` lists the servers that are compared: the gateway and its limits (`own.py`) and the peers (`peers/`),
on `databases.py`, under the load of `load.py`. `intake.py`, `worth.py`, `dispatch.py`, `growth.py`, `memory.py`,
`routing.py` and `start.py` each measure one thing; `machine.py` says on what. `report.py` and `summary.py` write
the figures for the pages.
"""
