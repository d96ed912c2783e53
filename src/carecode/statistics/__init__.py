"""statistics: differentially private figures about all residents, released once and paid from a budget."""
