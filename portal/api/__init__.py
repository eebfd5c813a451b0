"""The HTTP API: resources found by folder scan, each endpoint declared once, one gate before all.

Routing, what is asked of a caller, reading of parameters, and the OpenAPI document come from the same
declarations. What is answered is read by `portal.reading`; the API knows no store.
"""
