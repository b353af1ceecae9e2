"""Codec payload headers, read only as far as forwarding needs: does a frame stand on its own?"""
