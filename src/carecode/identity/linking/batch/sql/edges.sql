-- Links in both directions, and each entry with itself.
SELECT a AS rid, b AS other FROM links UNION SELECT b, a FROM links
