-- Who belongs to a company and may use the site. A member may have one row per department;
-- one that is not suspended is enough.
SELECT DISTINCT cu.userid AS id
FROM {company_users} cu
JOIN {user} u ON u.id = cu.userid
WHERE cu.companyid = :company AND cu.suspended = 0 AND u.deleted = 0 AND u.suspended = 0
ORDER BY cu.userid
