-- How some users stand on the site and in one company: `memberships` counts all rows of
-- the company, `open_memberships` those that are not suspended.
SELECT u.id AS id, CAST(u.deleted AS :int) AS deleted, CAST(u.suspended AS :int) AS suspended,
       COUNT(cu.id) AS memberships,
       COUNT(CASE WHEN cu.suspended = 0 THEN 1 END) AS open_memberships
FROM {user} u
LEFT JOIN {company_users} cu ON cu.userid = u.id AND cu.companyid = :company
WHERE u.id IN (:users)
GROUP BY u.id, u.deleted, u.suspended
