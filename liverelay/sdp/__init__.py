"""Offer and policy to answer and parameters, pure."""
