-- The tables and columns of a Moodle with IOMAD that a sync reads, named as the real ones are.

create table mdl_config (
    id integer primary key, name text not null unique, value text not null
);
create table mdl_user (
    id integer primary key, username text not null default '', firstname text not null default '',
    lastname text not null default '', email text not null default '',
    idnumber text not null default '', confirmed integer not null default 1,
    deleted integer not null default 0, suspended integer not null default 0,
    timecreated integer not null default 0, timemodified integer not null default 0
);
create table mdl_company (
    id integer primary key, name text not null default '', shortname text not null default '',
    suspended integer not null default 0, parentid integer not null default 0
);
create table mdl_department (
    id integer primary key, name text not null default '', shortname text not null default '',
    company integer not null default 0, parent integer
);
create table mdl_company_users (
    id integer primary key, companyid integer not null, userid integer not null,
    managertype integer not null default 0, departmentid integer not null default 0,
    suspended integer not null default 0, unique (companyid, userid, departmentid)
);
create table mdl_company_course (
    id integer primary key, companyid integer not null, courseid integer not null,
    departmentid integer not null default 0
);
create table mdl_iomad_courses (
    id integer primary key, courseid integer not null, licensed integer default 0,
    shared integer default 0
);

create table mdl_course (
    id integer primary key, category integer not null default 0, fullname text not null default '',
    shortname text not null default '', visible integer not null default 1,
    enablecompletion integer not null default 0, timecreated integer not null default 0,
    timemodified integer not null default 0
);
create table mdl_modules (
    id integer primary key, name text not null default '', visible integer not null default 1
);
create table mdl_course_modules (
    id integer primary key, course integer not null default 0, module integer not null default 0,
    instance integer not null default 0, added integer not null default 0,
    visible integer not null default 1, completion integer not null default 0,
    deletioninprogress integer not null default 0
);
create table mdl_course_modules_completion (
    id integer primary key, coursemoduleid integer not null, userid integer not null,
    completionstate integer not null, overrideby integer, timemodified integer not null,
    unique (userid, coursemoduleid)
);
create table mdl_course_completions (
    id integer primary key, userid integer not null default 0, course integer not null default 0,
    timeenrolled integer not null default 0, timestarted integer not null default 0,
    timecompleted integer, reaggregate integer not null default 0, unique (userid, course)
);

create table mdl_enrol (
    id integer primary key, enrol text not null default '', status integer not null default 0,
    courseid integer not null, timecreated integer not null default 0,
    timemodified integer not null default 0
);
create table mdl_user_enrolments (
    id integer primary key, status integer not null default 0, enrolid integer not null,
    userid integer not null, timestart integer not null default 0,
    timeend integer not null default 2147483647, timecreated integer not null default 0,
    timemodified integer not null default 0, unique (enrolid, userid)
);
create table mdl_context (
    id integer primary key, contextlevel integer not null default 0,
    instanceid integer not null default 0, path text, depth integer not null default 0,
    unique (contextlevel, instanceid)
);
create table mdl_role (
    id integer primary key, name text not null default '', shortname text not null default '',
    archetype text not null default ''
);
create table mdl_role_assignments (
    id integer primary key, roleid integer not null default 0, contextid integer not null default 0,
    userid integer not null default 0, timemodified integer not null default 0,
    component text not null default '', itemid integer not null default 0
);
create table mdl_role_capabilities (
    id integer primary key, contextid integer not null default 0, roleid integer not null default 0,
    capability text not null default '', permission integer not null default 0,
    timemodified integer not null default 0, unique (roleid, contextid, capability)
);
create table mdl_external_services (
    id integer primary key, name text not null default '', enabled integer not null default 0,
    requiredcapability text, restrictedusers integer not null default 0, component text,
    shortname text
);
create table mdl_external_services_users (
    id integer primary key, externalserviceid integer not null, userid integer not null,
    iprestriction text, validuntil integer
);
create table mdl_external_tokens (
    id integer primary key, token text not null, tokentype integer not null default 0,
    userid integer not null, externalserviceid integer not null, contextid integer not null default 1,
    iprestriction text, validuntil integer, timecreated integer not null default 0
);

create index mdl_userenro_use_ix on mdl_user_enrolments (userid);
create index mdl_roleassi_useconrol_ix on mdl_role_assignments (userid, contextid, roleid);
create index mdl_courmodu_cou_ix on mdl_course_modules (course);

-- What every new Moodle has: its settings, the standard roles, the site and one category, the
-- site course, the guest and the administrator, and some kinds of activities.
insert into mdl_config (name, value) values
    ('release', '4.3.9 (demo)'), ('enablecompletion', '1'), ('siteguest', '1'),
    ('siteadmins', '2'), ('defaultuserroleid', '7');
insert into mdl_role (id, shortname, archetype) values
    (1, 'manager', 'manager'), (3, 'editingteacher', 'editingteacher'), (4, 'teacher', 'teacher'),
    (5, 'student', 'student'), (7, 'user', 'user');
insert into mdl_role_capabilities (contextid, roleid, capability, permission) values
    (1, 5, 'moodle/course:isincompletionreports', 1);
insert into mdl_context (id, contextlevel, instanceid, path, depth) values
    (1, 10, 0, '/1', 1), (2, 50, 1, '/1/2', 2), (3, 40, 1, '/1/3', 2);
insert into mdl_course (id, fullname, shortname) values (1, 'Demo Moodle', 'demo');
insert into mdl_user (id, username, firstname, lastname, email) values
    (1, 'guest', 'Guest user', '', 'root@localhost'), (2, 'admin', 'Admin', 'User', 'admin@example.com');
insert into mdl_modules (id, name, visible) values
    (1, 'page', 1), (2, 'quiz', 1), (3, 'assign', 1), (4, 'survey', 0);
