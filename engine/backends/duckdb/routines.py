"""Python functions that statements call by name (`atp_…`): what needs a parser or a zone table."""
