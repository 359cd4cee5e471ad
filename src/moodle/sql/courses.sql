-- The courses of one company, with what every pair of a course shares. A course is the
-- company's own (`company_course`, rows may repeat) or open-shared (`shared = 1`). The site
-- course is none. Hidden activities and restricted ones count; activities of a switched-off
-- module do not.
SELECT c.id AS id, c.fullname AS fullname, cx.path AS path,
       CAST(c.visible AS :int) AS visible,
       CAST(c.enablecompletion AS :int) AS tracking,
       COUNT(m.id) AS counted
FROM {course} c
LEFT JOIN {context} cx ON cx.contextlevel = 50 AND cx.instanceid = c.id
LEFT JOIN {course_modules} cm
       ON cm.course = c.id AND cm.completion <> 0 AND cm.deletioninprogress = 0
LEFT JOIN {modules} m ON m.id = cm.module AND m.visible = 1
WHERE c.id <> 1
  AND (c.id IN (SELECT cc.courseid FROM {company_course} cc WHERE cc.companyid = :company)
    OR c.id IN (SELECT ic.courseid FROM {iomad_courses} ic WHERE ic.shared = 1))
GROUP BY c.id, c.fullname, cx.path, c.visible, c.enablecompletion
ORDER BY c.id
