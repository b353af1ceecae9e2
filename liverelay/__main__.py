"""`python -m liverelay`."""

from liverelay.cli.app import main

main()
