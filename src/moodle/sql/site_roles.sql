-- The roles of the site, as its administration sorts them.
SELECT r.id AS id, r.shortname AS shortname, r.name AS name
FROM {role} r
ORDER BY r.id
