"""The event types: one file a family; everything else is derived from them."""
