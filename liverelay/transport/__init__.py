"""ICE, DTLS and SRTP: the only package that imports the WebRTC libraries."""
