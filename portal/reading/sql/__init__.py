"""Queries of people over events, in SQL: what they may say, and what is made of it.

A query is parsed and made anew from its tree, of which every node must be one that is known here to read
nothing but events. What is not allowed by name is refused, whatever it is. Decision 0040.
"""
