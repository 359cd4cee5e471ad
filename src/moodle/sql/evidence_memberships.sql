-- The rows that make one person a member of one company, one per department.
SELECT cu.departmentid AS department, CAST(cu.suspended AS :int) AS suspended
FROM {company_users} cu
WHERE cu.companyid = :company AND cu.userid = :user
ORDER BY cu.departmentid
