"""web: the pages of residents, desks, clinics and cashiers, made on the server."""
