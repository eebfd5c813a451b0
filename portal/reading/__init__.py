"""Questions to a running engine, each a function from `Sources` to plain dicts: for pages and the API.

Answers are TypedDicts, which templates read as they are and of which the API's description is derived.
Times are ISO 8601 in UTC. Knows no request. SQL over the store's tables is spoken here too, read only.
"""
