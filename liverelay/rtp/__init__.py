"""The wire, pure: RTP and RTCP read and patched in place."""
