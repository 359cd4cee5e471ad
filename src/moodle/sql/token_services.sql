-- The service that the plugin made, by the names it gave it in its time.
SELECT s.id AS id FROM {external_services} s
WHERE s.shortname = 'alx_report_api_custom' OR (s.shortname = 'alx_report_api' AND NOT EXISTS (
    SELECT 1 FROM {external_services} n WHERE n.shortname = 'alx_report_api_custom'
))
