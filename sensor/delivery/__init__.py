"""From a sensor to its engine: batches, the spool on disk, the way there."""
