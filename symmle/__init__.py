"""symmle: symbolic derivation and verification for maximum likelihood."""
