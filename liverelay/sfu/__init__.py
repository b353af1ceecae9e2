"""What is forwarded to whom, pure: no I/O, no clock, no random number."""
