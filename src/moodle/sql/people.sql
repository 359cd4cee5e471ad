-- Names of a page of users.
SELECT u.id AS id, u.firstname AS firstname, u.lastname AS lastname,
       u.email AS email, u.username AS username
FROM {user} u
WHERE u.id IN (:users)
