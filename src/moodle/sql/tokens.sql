-- The permanent tokens of the plugin's own service, and those of other services whose person also has one of those. A person
-- who is in several companies comes once per company. Where only authorised users may use a service, those have an end and an
-- IP restriction of their own.
SELECT t.id AS id, t.token AS token, t.userid AS userid, u.username AS username,
       COALESCE(t.iprestriction, '') AS networks, CAST(COALESCE(t.validuntil, 0) AS :int) AS validuntil,
       COALESCE(su.iprestriction, '') AS usernetworks, CAST(COALESCE(su.validuntil, 0) AS :int) AS uservaliduntil,
       CAST(u.suspended AS :int) AS suspended, CAST(u.deleted AS :int) AS deleted,
       CAST(s.enabled AS :int) AS enabled, COALESCE(s.requiredcapability, '') AS requiredcapability,
       CAST(CASE WHEN t.externalserviceid IN (:services) THEN 1 ELSE 0 END AS :int) AS ours,
       CAST(CASE WHEN s.restrictedusers = 0 OR su.userid IS NOT NULL THEN 1 ELSE 0 END AS :int) AS allowed,
       CAST(COALESCE((
           SELECT MIN(CASE WHEN rc.permission = -1000 THEN -1 ELSE 1 END) FROM {role_capabilities} rc
           JOIN {context} c ON c.id = rc.contextid AND c.contextlevel = 10
           WHERE rc.capability = 'webservice/rest:use' AND rc.permission IN (1, -1000) AND (
               rc.roleid IN (:everybodys) OR EXISTS (
                   SELECT 1 FROM {role_assignments} ra
                   WHERE ra.roleid = rc.roleid AND ra.userid = t.userid AND ra.contextid = c.id
               )
           )
       ), 0) AS :int) AS may,
       CAST(COALESCE(m.companyid, 0) AS :int) AS companyid
FROM {external_tokens} t
JOIN {external_services} s ON s.id = t.externalserviceid
JOIN {user} u ON u.id = t.userid
LEFT JOIN (
    SELECT externalserviceid, userid, MAX(COALESCE(iprestriction, '')) AS iprestriction,
           MIN(CASE WHEN validuntil > 0 THEN validuntil END) AS validuntil
    FROM {external_services_users} GROUP BY externalserviceid, userid
) su ON su.externalserviceid = t.externalserviceid AND su.userid = t.userid AND s.restrictedusers <> 0
LEFT JOIN (SELECT DISTINCT userid, companyid FROM {company_users}) m ON m.userid = t.userid
WHERE t.tokentype = 0 AND (t.externalserviceid IN (:services) OR t.userid IN (
    SELECT o.userid FROM {external_tokens} o WHERE o.tokentype = 0 AND o.externalserviceid IN (:services)
))
ORDER BY t.id, companyid
