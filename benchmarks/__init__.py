"""Figures: what Headwater costs, alone (`make bench`) and beside its peers (`make bench-peers`)."""
