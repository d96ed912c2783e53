"""web.front: the doors, signing in, and a page for developers."""
