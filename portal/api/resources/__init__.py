"""Resources of the API: one module each, with `ENDPOINTS`; its name is that of the tag in the description."""
