-- Every company of the site.
SELECT c.id AS id, c.name AS name, c.shortname AS shortname,
       CAST(c.suspended AS :int) AS suspended
FROM {company} c
ORDER BY c.id
