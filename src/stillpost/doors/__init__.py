"""Where bytes and people come in: one folder a protocol."""
