-- The site settings that decide about completion and permissions.
SELECT s.name AS name, s.value AS value
FROM {config} s
WHERE s.name IN ('enablecompletion', 'defaultuserroleid', 'siteadmins')
