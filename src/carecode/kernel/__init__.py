"""kernel: the typed words of the domain and the errors; nothing else, ever."""
