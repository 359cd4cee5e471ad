-- The departments of one company; `parent` is 0 or NULL at the top.
SELECT d.id AS id, d.name AS name, CAST(COALESCE(d.parent, 0) AS :int) AS parent
FROM {department} d
WHERE d.company = :company
ORDER BY d.name, d.id
