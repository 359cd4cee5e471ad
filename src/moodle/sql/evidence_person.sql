-- One person as the site has them.
SELECT u.id AS id, u.firstname AS firstname, u.lastname AS lastname, u.email AS email,
       CAST(u.deleted AS :int) AS deleted, CAST(u.suspended AS :int) AS suspended
FROM {user} u
WHERE u.id = :user
