-- One course, and how it comes to one company.
SELECT c.id AS id, c.fullname AS fullname, CAST(c.visible AS :int) AS visible,
       CAST(c.enablecompletion AS :int) AS tracking,
       (SELECT COUNT(*) FROM {company_course} cc
        WHERE cc.companyid = :company AND cc.courseid = c.id) AS given,
       (SELECT COUNT(*) FROM {iomad_courses} ic
        WHERE ic.courseid = c.id AND ic.shared = 1) AS open_shared
FROM {course} c
WHERE c.id = :course
