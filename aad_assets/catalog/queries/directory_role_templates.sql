-- Which built-in roles have never been activated, so that more powerful roles may be in use instead?
SELECT t.displayName, t.description
FROM aad.directory_role_templates t
ANTI JOIN aad.directory_roles r ON r.roleTemplateId = t.id
ORDER BY t.displayName;
