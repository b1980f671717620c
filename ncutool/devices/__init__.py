"""Device peaks and links with their sources, and how a capture's device is found."""
