"""Who is the same person: features, comparison, model, guards and decisions.  Pure: values in, values out."""
