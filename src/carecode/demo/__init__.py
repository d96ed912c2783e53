"""demo: a town that does not exist: its people, their numbers and ten years of their visits."""
