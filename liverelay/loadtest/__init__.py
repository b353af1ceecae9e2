"""The other end of the wire: clients of a LiveRelay server that publish, watch and measure.

A sibling of `server`: neither knows the other, they meet over the network only.
"""
