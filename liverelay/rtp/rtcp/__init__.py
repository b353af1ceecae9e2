"""RTCP: reports (RFC 3550), feedback (RFC 4585, RFC 5104, REMB), and compounds of them."""
