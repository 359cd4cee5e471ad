-- The same as members.sql, of some departments only. A membership that is not suspended has
-- to be in one of them.
SELECT DISTINCT cu.userid AS id
FROM {company_users} cu
JOIN {user} u ON u.id = cu.userid
WHERE cu.companyid = :company AND cu.suspended = 0 AND u.deleted = 0 AND u.suspended = 0
  AND cu.departmentid IN (:departments)
ORDER BY cu.userid
