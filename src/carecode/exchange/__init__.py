"""exchange: what institutions send, taken in whole or refused with the place and the reason."""
