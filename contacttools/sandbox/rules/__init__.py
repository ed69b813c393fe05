"""Rules: what the service makes of what it is sent. Pure: JSON values in and out."""
