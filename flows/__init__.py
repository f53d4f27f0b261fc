"""The edges: Prefect flows, the command line, delivery of messages. Thin: everything is decided below."""
