-- The courses whose name, activities or enrolment methods were written since a cut-off.
SELECT c.id AS id FROM {course} c WHERE c.id IN (:courses) AND c.timemodified >= :cutoff
UNION
SELECT cm.course FROM {course_modules} cm WHERE cm.course IN (:courses) AND cm.added >= :cutoff
UNION
SELECT e.courseid FROM {enrol} e WHERE e.courseid IN (:courses) AND e.timemodified >= :cutoff
ORDER BY id
