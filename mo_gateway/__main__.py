"""`python -m mo_gateway`: the same as the command `mo-gateway`."""

from .cli import main

if __name__ == "__main__":
    main()
